"""What Prometheus scrapes: each process writes to files, /metrics adds them up."""

import os
from collections.abc import Callable, Iterable

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector
from redis.exceptions import RedisError

REQUESTS = Histogram(
    "bikerental_http_request_seconds",
    "Time from the request's arrival in Django to its answer.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

Gauges = Callable[[], dict[str, float]]
_gauges: dict[str, Gauges] = {}


def register_gauges(name: str, gauges: Gauges) -> None:
    """Have /metrics ask a higher app for figures: `{"bikerental_rentals_open": 12.0}`."""
    _gauges[name] = gauges


class DatabaseCollector(Collector):
    """Figures of the business, read when they are scraped."""

    def collect(self) -> Iterable[Metric]:
        up = 1.0
        for gauges in _gauges.values():
            try:
                figures = gauges()
            except (DatabaseError, RedisError):
                up = 0.0  # the scrape still tells how the web fares
                continue
            for name, value in figures.items():
                yield GaugeMetricFamily(name, name.replace("_", " "), value=value)
        yield GaugeMetricFamily("bikerental_database_up", "Whether the figures could be read.", value=up)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # comes without types
    else:
        registry.register(ThisProcessCollector())
    registry.register(DatabaseCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class ThisProcessCollector(Collector):
    """Where there is one process, its own figures are all there are."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()
