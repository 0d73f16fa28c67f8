"""The metrics for Prometheus. Each process writes its own to files, and /metrics adds them up."""

import functools
import os
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector
from redis.exceptions import RedisError

from bikerental.core.registry import declared
from bikerental.observe.background import BackgroundCall, NoResultError
from bikerental.observe.process_metrics import ProcessesCollector

REQUESTS = Histogram(
    "bikerental_http_request_seconds",
    "Time from the request's arrival in Django to its answer.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

SCRAPE_SECONDS = 2.5  # for all sources together; Prometheus itself gives up after ten

Metrics = Mapping[str, float | Mapping[str, float]]


class Source(NamedTuple):
    """Metrics of an app, which are read when they are scraped. Each app declares its METRICS in `metrics.py`.

    :param read: returns `{"bikerental_rentals_open": 12.0}` or, with the values of the label,
        `{"bikerental_queue_messages": {"settling": 3.0}}`
    """

    name: str
    read: Callable[[], Metrics]
    label: str = ""


@functools.cache
def sources() -> tuple[Source, ...]:
    return tuple(chain.from_iterable(declared("metrics", "METRICS")))


_running: dict[str, BackgroundCall[Metrics | None]] = {}


class MetricsCollector(Collector):
    """The metrics of all sources.

    Each source is read in a thread, so that a scrape still has the web's own metrics while the database or the broker
    is unreachable or hangs. A source that is still being read since an earlier scrape is not read again.
    """

    def collect(self) -> Iterable[Metric]:
        deadline = time.monotonic() + SCRAPE_SECONDS
        for source in sources():
            if source.name not in _running or not _running[source.name].is_running:
                _running[source.name] = BackgroundCall(functools.partial(_metrics, source.read))
        up = GaugeMetricFamily("bikerental_figures_up", "Whether the figures could be read.", labels=["source"])
        for source in sources():
            metrics = self._result(source.name, deadline)
            up.add_metric([source.name], float(metrics is not None))
            yield from _families(metrics or {}, source.label)
        yield up

    def _result(self, name: str, deadline: float) -> Metrics | None:
        try:
            return _running[name].result_before(deadline)
        except NoResultError:
            return None


def _metrics(read: Callable[[], Metrics]) -> Metrics | None:
    try:
        return read()
    except (DatabaseError, RedisError):
        return None
    finally:
        connection.close()  # the thread's own


def _families(metrics: Metrics, label: str) -> Iterable[Metric]:
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            family = GaugeMetricFamily(name, name.replace("_", " "), labels=[label])
            for label_value, labelled in value.items():
                family.add_metric([label_value], labelled)
        else:
            family = GaugeMetricFamily(name, name.replace("_", " "), value=value)
        yield family


def own_registry() -> CollectorRegistry:
    """What the processes of this service have counted."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # comes without types
    else:
        registry.register(ThisProcessCollector())
    return registry


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    registry = own_registry()
    registry.register(MetricsCollector())
    registry.register(ProcessesCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class ThisProcessCollector(Collector):
    """The metrics of this process, if there is only one."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()
