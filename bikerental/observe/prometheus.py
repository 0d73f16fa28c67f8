"""The figures for Prometheus. Each process writes its own to files, and /metrics adds them up."""

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
from bikerental.observe.process_figures import ProcessesCollector
from bikerental.observe.questions import NoAnswerError, Question

REQUESTS = Histogram(
    "bikerental_http_request_seconds",
    "Time from the request's arrival in Django to its answer.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

SCRAPE_SECONDS = 2.5  # for all figures together; Prometheus itself gives up after ten

Figures = Mapping[str, float | Mapping[str, float]]


class Source(NamedTuple):
    """Figures of an app for /metrics: `{"bikerental_rentals_open": 12.0}`, or with the values of a label,
    `{"bikerental_queue_messages": {"settling": 3.0}}`. Each app declares its FIGURES in `metrics.py`.
    """

    name: str
    ask: Callable[[], Figures]
    label: str = ""


@functools.cache
def sources() -> tuple[Source, ...]:
    return tuple(chain.from_iterable(declared("metrics", "FIGURES")))


_asked: dict[str, Question[Figures | None]] = {}


class FiguresCollector(Collector):
    """Figures of business, queues and heartbeats, read when they are scraped.

    Each source is read in a thread, so that a scrape still has the web's figures while the database or the
    broker is away or hangs. A source that has not answered the last scrape is not asked again.
    """

    def collect(self) -> Iterable[Metric]:
        deadline = time.monotonic() + SCRAPE_SECONDS
        for source in sources():
            if source.name not in _asked or not _asked[source.name].is_open:
                _asked[source.name] = Question(functools.partial(_figures, source.ask))
        up = GaugeMetricFamily("bikerental_figures_up", "Whether the figures could be read.", labels=["source"])
        for source in sources():
            figures = self._answer(source.name, deadline)
            up.add_metric([source.name], float(figures is not None))
            yield from _families(figures or {}, source.label)
        yield up

    def _answer(self, name: str, deadline: float) -> Figures | None:
        try:
            return _asked[name].answer_before(deadline)
        except NoAnswerError:
            return None


def _figures(ask: Callable[[], Figures]) -> Figures | None:
    try:
        return ask()
    except (DatabaseError, RedisError):
        return None
    finally:
        connection.close()  # the thread's own


def _families(figures: Figures, label: str) -> Iterable[Metric]:
    for name, value in figures.items():
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
    registry.register(FiguresCollector())
    registry.register(ProcessesCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class ThisProcessCollector(Collector):
    """The figures of this process, if there is only one."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()
