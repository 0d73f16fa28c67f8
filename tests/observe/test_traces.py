"""Spans of requests and tasks, at a collector of the test's own."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import requests
from celery import Celery
from opentelemetry.context import Context
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer, format_trace_id
from pytest_django import Settings

from bikerental.notifications.tasks import deliver_notifications
from bikerental.observe import traces
from bikerental.observe.logs import SeldomFilter
from bikerental.rentals.models import Rental
from bikerental.rentals.tasks import settle_rentals
from tests.factories import make_bike, make_user
from tests.live import ROOT, environment, own_redis, web_server, worker
from tests.observe.collector import Collector, collecting, values
from tests.support.logins import bearer, login
from tests.support.waiting import eventually

FORGED = f"00-{'a' * 32}-{'b' * 16}-01"
MARKER = "zq7marker"
RETURN = "POST api/v1/rentals/<uuid:rental_id>/return/"
RECEIPT = deliver_notifications.name
OFF = """
import sys
from config.celery_app import app
app.loader.import_default_modules()
import config.wsgi, celery.backends.redis, kombu.transport.redis
print(*(name for name in sys.modules if name.startswith("opentelemetry")))
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_ride_is_traced_from_the_request_to_the_task(tmp_path: Path) -> None:
    bike, rider = make_bike(), make_user(name=MARKER, email=f"{MARKER}@example.org")
    with collecting() as collector, own_redis(tmp_path) as redis:
        settings = {
            "REDIS_URL": redis.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20trial",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with (
            web_server(tmp_path / "web.log", processes=1, **settings) as address,
            worker(tmp_path / "worker.log", **settings),
        ):
            headers = bearer(login(f"{address}/api/v1/", rider.email)) | {
                "traceparent": FORGED,
                "User-Agent": MARKER,
                "X-Request-ID": "trial-7",
            }
            ride(f"{address}/api/v1/rentals/", headers, bike.number)
            two = [f"00-{number:032x}-{number:016x}-01" for number in (1, 2)]
            Celery(broker=redis.url).send_task(
                settle_rentals.name, kwargs={"ids": []}, queue="settling", headers={"traceparents": two}
            )
            assert eventually(lambda: len(tasks(collector)) == 2, 30), (tmp_path / "worker.log").read_text()
            assert eventually(lambda: {RETURN, RECEIPT} <= names(collector), 30), names(collector)
            collector.shutdown()
            collector.server_close()

            ride(f"{address}/api/v1/rentals/", headers, bike.number)

            assert eventually(lambda: not Rental.objects.exclude(status="settled").exists(), 30)

    [rent] = [span for span in collector.spans if span.name == "POST api/v1/rentals/"]
    [returned] = [span for span in collector.spans if span.name == RETURN]
    [settled] = [span for span in tasks(collector) if span.parent_span_id]
    [batch] = [span for span in tasks(collector) if not span.parent_span_id]
    [receipt] = [span for span in collector.spans if span.name == RECEIPT]
    sent = b"".join(collector.bodies)

    assert values(rent.attributes)["http.response.status_code"] == 201
    assert (returned.kind, returned.parent_span_id) == (Span.SPAN_KIND_SERVER, b"")
    assert values(returned.attributes) == {
        "http.request.method": "POST",
        "http.route": "api/v1/rentals/<uuid:rental_id>/return/",
        "http.response.status_code": 200,
        "bikerental.request_id": "trial-7",
    }
    assert (settled.trace_id, settled.parent_span_id) == (returned.trace_id, returned.span_id)
    assert (receipt.trace_id, receipt.parent_span_id) == (returned.trace_id, settled.span_id)
    told = values(settled.attributes)
    assert (settled.kind, told.pop("messaging.message.id") != "") == (Span.SPAN_KIND_CONSUMER, True)
    assert told == {
        "messaging.system": "celery",
        "messaging.operation.type": "process",
        "messaging.destination.name": "settling",
        "bikerental.rows": 1,
        "bikerental.request_id": "trial-7",
        "celery.state": "SUCCESS",
    }
    assert [f"00-{link.trace_id.hex()}-{link.span_id.hex()}-01" for link in batch.links] == two
    assert collector.resources[0]["service.name"] == "bikerental"
    assert set(collector.asked) == {("/v1/traces", "Bearer trial")}
    rentals = map(str, Rental.objects.values_list("pk", flat=True))
    secret = [MARKER, bike.number, str(rider.pk), "127.0.0.1", *rentals]
    assert [word for word in secret if word.encode() in sent] == []
    assert bytes.fromhex("a" * 32) not in sent
    for log in ("web.log", "worker.log"):
        complaints = (tmp_path / log).read_text().count('"opentelemetry.')
        assert 1 <= complaints <= 2  # one of each process


def ride(address: str, headers: dict[str, str], number: str) -> None:
    start = requests.post(f"{address}?{MARKER}", headers=headers, json={"bike_number": number}, timeout=10)
    assert start.status_code == 201, start.text
    end = requests.post(f"{address}{start.json()['id']}/return/", headers=headers, json={}, timeout=10)
    assert end.status_code == 200, end.text


def names(collector: Collector) -> set[str]:
    return {span.name for span in collector.spans}


def tasks(collector: Collector) -> list[Span]:
    return [span for span in collector.spans if span.name == settle_rentals.name]


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    off = environment(OTEL_EXPORTER_OTLP_ENDPOINT="")
    started = subprocess.run(
        [sys.executable, "-c", OFF], cwd=ROOT, env=off, capture_output=True, text=True, timeout=60, check=False
    )

    assert (started.returncode, started.stdout.split()) == (0, []), started.stderr


class Stuck(SpanExporter):
    """A collector that does not answer."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = Event(), Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.is_asked.set()
        self.may_answer.wait(60)
        return SpanExportResult.FAILURE


class Running(NamedTuple):
    tracer: Tracer
    collector: Stuck
    end: Callable[[], None]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Callable[..., Running]]:
    """Starts a tracer of this process, whose collector does not answer."""
    collector, ends = Stuck(), []
    monkeypatch.setattr(traces, "OTLPSpanExporter", lambda **_: collector)
    monkeypatch.setattr(traces, "Finalize", lambda _, end, **__: ends.append(end))
    monkeypatch.setattr(traces, "END_SECONDS", 0.1)

    def start(share: float) -> Running:
        settings.TRACED_SHARE = share
        return Running(traces.tracer.__wrapped__(), collector, ends[-1])

    yield start
    collector.may_answer.set()
    ends[-1]()


def test_a_hanging_collector_blocks_no_request_and_no_end(running: Callable[..., Running]) -> None:
    process = running(1.0)

    for _ in range(3000):  # more than are kept
        process.tracer.start_span("a request", context=Context()).end()
    assert process.collector.is_asked.wait(30)
    ending = Thread(target=process.end, daemon=True)
    ending.start()
    ending.join(15)

    assert not ending.is_alive()
    assert not process.collector.may_answer.is_set()


A, B = "a" * 32, "b" * 32


@pytest.mark.parametrize(
    ("causes", "share", "is_traced", "trace", "links"),
    [
        ([], 0.0, False, None, []),
        ([], 1.0, True, None, []),
        ([f"{A}-01"], 0.0, True, A, []),
        ([f"{A}-00"], 1.0, False, A, []),
        ([f"{A}-00", f"{B}-01"], 0.0, True, B, []),
        ([f"{A}-01", f"{B}-03"], 0.0, True, None, [A, B]),
        ([f"{A}-00", f"{B}-00"], 1.0, False, A, []),
    ],
)
def test_a_task_is_traced_if_a_request_that_caused_it_is(
    running: Callable[..., Running],
    causes: list[str],
    share: float,
    is_traced: bool,
    trace: str | None,
    links: list[str],
) -> None:
    sent = [cause.replace("-", f"-{'c' * 16}-") for cause in causes]

    parent, found = traces._causes([f"00-{each}" for each in sent])
    span = running(share).tracer.start_span("a task", context=parent, links=found)

    assert span.is_recording() == is_traced
    assert trace in (None, format_trace_id(span.get_span_context().trace_id))
    assert [format_trace_id(link.context.trace_id) for link in found] == links


def test_a_malformed_traceparent_is_no_cause() -> None:
    assert traces._causes(["", "00-x", f"00-{'0' * 32}-{'0' * 16}-01"])[1] == []


def test_the_filter_keeps_one_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 101.0, 159.0, 160.0])
    monkeypatch.setattr("bikerental.observe.logs.time", SimpleNamespace(monotonic=lambda: next(clock)))
    record = logging.makeLogRecord({"msg": "away"})
    seldom = SeldomFilter()

    assert [seldom.filter(record) for _ in range(4)] == [True, False, False, True]
