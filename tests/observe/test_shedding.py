"""Which requests are refused under overload, computed with given times, and the answer they get."""

import heapq
import time
from collections.abc import Callable

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from prometheus_client import REGISTRY
from pytest_django import Settings
from rest_framework.test import APIClient

from bikerental.observe.shedding import BURST, QUEUE, SheddingMiddleware, WaitLimit

SECONDS = 0.5
REFUSING_SECONDS = 0.0005
PATH = "/api/v1/nothing/"


class Queue:
    """One process with a queue of requests, first come, first served, `rate` a second."""

    def __init__(self, rate: float) -> None:
        self.wait_limit = WaitLimit(SECONDS)
        self.rate = rate
        self.free_at = 0.0
        self.waits: list[float] = []
        self.refused = 0

    def take(self, came: float) -> float:
        """The time at which its answer is ready."""
        now = max(came, self.free_at)
        is_refused = self.wait_limit.is_exceeded(arrived_at=1000 + came, now=1000 + now)
        self.free_at = now + (REFUSING_SECONDS if is_refused else 1 / self.rate)
        self.refused += is_refused
        if not is_refused:
            self.waits.append(now - came)
        return self.free_at


def at_once(queue: Queue, number: int, *, came: float = 0.0) -> None:
    for _ in range(number):
        queue.take(came)


def evenly(queue: Queue, *, rate: float, since: float, until: float) -> None:
    for number in range(int((until - since) * rate)):
        queue.take(since + number / rate)


@pytest.mark.parametrize("rate", [25, 100, 1000])
def test_a_crowd_at_once_is_served_however_slowly(rate: float) -> None:
    queue = Queue(rate)

    at_once(queue, 200)

    assert queue.refused == 0


@pytest.mark.parametrize("rate", [2, 25, 100, 1000])
def test_the_allowed_number_of_clients_is_never_refused(rate: float) -> None:
    queue = Queue(rate)
    asking = [0.0] * QUEUE
    for _ in range(1000):
        heapq.heappush(asking, queue.take(heapq.heappop(asking)))

    assert queue.refused == 0


@pytest.mark.parametrize(("rate", "times"), [(50, 1.3), (50, 5), (100, 2), (100, 8), (400, 1.3), (400, 3)])
def test_under_overload_served_requests_wait_briefly(rate: float, times: float) -> None:
    queue = Queue(rate)

    evenly(queue, rate=times * rate, since=0, until=40)
    early = len(queue.waits)
    evenly(queue, rate=times * rate, since=40, until=100)

    assert max(queue.waits) <= max(SECONDS, BURST / rate) + 0.1
    assert max(queue.waits[early:]) <= max(SECONDS, QUEUE / rate) + 0.1
    # It continues to serve, and each refusal takes some of its time.
    refused = queue.refused / 100
    assert len(queue.waits) / 100 >= 0.95 * rate * (1 - refused * REFUSING_SECONDS)
    assert refused >= 0.8 * (times - 1) * rate


def test_the_queue_is_empty_a_second_after_the_load() -> None:
    queue = Queue(100)
    evenly(queue, rate=300, since=0, until=60)

    assert queue.free_at - 60 < 1
    refused = queue.refused
    evenly(queue, rate=50, since=61, until=71)
    at_once(queue, 200, came=71)
    assert queue.refused == refused


def test_a_crowd_after_a_pause_is_served() -> None:
    queue = Queue(100)
    evenly(queue, rate=300, since=0, until=60)
    refused = queue.refused

    queue.free_at = 100  # something else delayed the machine
    at_once(queue, 200, came=98)

    assert queue.refused == refused


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request that waited is refused."""
    monkeypatch.setattr(WaitLimit, "is_exceeded", lambda self, arrived_at, now: now - arrived_at > SECONDS)


def stamp(ago: float) -> str:
    return str(int((time.time() - ago) * 1000))


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


@pytest.mark.usefixtures("impatient")
def test_a_refused_request_gets_retry_after(client: APIClient) -> None:
    before = counted("bikerental_http_shed_total")

    answer = client.post(PATH, {"a": 1}, headers={"X-Request-Start": stamp(3), "X-Request-ID": "mine"})

    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] in {"1", "2", "3"}
    assert (answer.json()["code"], answer.json()["request_id"]) == ("unavailable", "mine")
    assert "Content-Security-Policy" in answer.headers
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert counted("bikerental_http_shed_total") == before + 1


@pytest.mark.usefixtures("impatient")
def test_a_refusal_is_translated_and_plain_for_the_admin(client: APIClient) -> None:
    headers = {"X-Request-Start": stamp(3), "Accept-Language": "ru"}

    assert client.get(PATH, headers=headers).json()["title"] == "Недоступно"
    page = client.get("/admin/", headers=headers)
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert page.content.decode().startswith("Сервис")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("path", ["/health/live/", "/metrics"])
@pytest.mark.django_db
def test_health_and_metrics_are_never_refused(client: APIClient, path: str) -> None:
    assert client.get(path, headers={"X-Request-Start": stamp(3)}).status_code == 200


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("sent", ["", "soon", "-5", "1.5", "１７９５", "9" * 400, "0"])
def test_a_malformed_stamp_is_ignored(client: APIClient, sent: str) -> None:
    assert client.get(PATH, headers={"X-Request-Start": sent}).status_code == 404


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("ago", [3600, 61, 0.0, -5, -3600])
def test_a_stamp_far_from_now_is_ignored(client: APIClient, ago: float) -> None:
    assert client.get(PATH, headers={"X-Request-Start": stamp(ago)}).status_code == 404


def test_a_wait_is_measured(client: APIClient) -> None:
    before = counted("bikerental_http_wait_seconds_sum")

    assert client.get(PATH, headers={"X-Request-Start": stamp(3)}).status_code == 404
    assert 2.9 < counted("bikerental_http_wait_seconds_sum") - before < 30


def test_the_middleware_is_before_costly_ones_and_after_metrics(settings: Settings) -> None:
    order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    before, after = order[: order.index("SheddingMiddleware")], order[order.index("SheddingMiddleware") + 1 :]

    assert before[:3] == ["RequestIdMiddleware", "MetricsMiddleware", "SecurityHeadersMiddleware"]
    assert before[-1] == "HeaderLimitsMiddleware"
    assert after[0] == "ProblemMiddleware"


def test_the_middleware_costs_almost_nothing(settings: Settings) -> None:
    """Compared with creating and answering an empty request, which is much cheaper than a real one."""

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"{}", content_type="application/json")

    def seconds(handler: Callable[[HttpRequest], HttpResponse]) -> float:
        requests = [RequestFactory().get(PATH, headers={"X-Request-Start": stamp(0)}) for _ in range(300)]
        started = time.process_time()
        for request in requests:
            handler(request)
        return time.process_time() - started

    middleware = SheddingMiddleware(answer)
    # The best of several, because the machine is noisy.
    assert min(seconds(middleware) for _ in range(7)) < 8 * min(seconds(answer) for _ in range(7))


def test_shedding_can_be_switched_off(settings: Settings) -> None:
    settings.SHED_AFTER_SECONDS = 0

    with pytest.raises(MiddlewareNotUsed):
        SheddingMiddleware(lambda request: HttpResponse())
