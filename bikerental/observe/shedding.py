"""Overload: refuses requests that waited too long, so that the others are answered soon.

The proxy stamps each request with the time at which it passes the request on. Without a proxy, a client
may forge the stamp: it is then refused earlier or never. A request without a stamp is never refused.
"""

import random
import time
from collections import deque
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from bikerental.core.errors import UnavailableError
from bikerental.http.problems import early_response

STAMP = "HTTP_X_REQUEST_START"  # milliseconds since 1970
STAMP_SECONDS_MAX = 60.0  # a stamp further off, in either direction, comes from another clock
QUEUE = 64
BURST = 256
BURST_SECONDS = 10.0
# Several numbers, so that clients refused together do not come back together.
RETRY_SECONDS = (1, 2, 3)
NEVER_SHED = ("/health/", "/metrics")  # monitoring must work under load

SHED = Counter("bikerental_http_shed", "Requests refused because they waited too long.")
WAITS = Histogram(
    "bikerental_http_wait_seconds",
    "Time from the proxy to a thread of the web server.",
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)


class WaitLimit:
    """Decides which requests of one process have waited too long. Times are in seconds, of one clock.

    Requests that began after another request had arrived were before it in the queue. A request is refused if it
    waited longer than `seconds` and at least QUEUE requests were before it. So a few clients are never refused,
    however slow the machine is. If the queue was empty within BURST_SECONDS, the limit is BURST requests, so that a
    crowd that arrives at once is served.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: deque[float] = deque(maxlen=BURST)
        self._empty_at = 0.0

    def is_exceeded(self, *, arrived_at: float, now: float) -> bool:
        """Call it once for each request, in the order in which requests begin."""
        begun = self._begun
        if now - arrived_at < self._seconds / 2 or not begun or now - begun[-1] > BURST_SECONDS:
            self._empty_at = now
        limit = BURST if now - self._empty_at < BURST_SECONDS else QUEUE
        was_queue_long = len(begun) >= limit and begun[-limit] > arrived_at
        begun.append(now)
        return was_queue_long and now - arrived_at > self._seconds


class SheddingMiddleware:
    """503 `unavailable` with `Retry-After`, before anything is read, looked up or parsed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.SHED_AFTER_SECONDS:
            raise MiddlewareNotUsed("SHED_AFTER_SECONDS is 0.")
        self.get_response = get_response
        self._wait_limit = WaitLimit(settings.SHED_AFTER_SECONDS)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = time.time()
        arrived_at = _arrived_at(request.META.get(STAMP), now)
        if arrived_at is None or request.path_info.startswith(NEVER_SHED):
            return self.get_response(request)
        WAITS.observe(max(0.0, now - arrived_at))
        if not self._wait_limit.is_exceeded(arrived_at=arrived_at, now=now):
            return self.get_response(request)
        SHED.inc()
        return _overloaded(request)


def _arrived_at(stamp: str | None, now: float) -> float | None:
    """The time of the stamp; None if it is malformed or of another clock."""
    if not stamp or len(stamp) > 15 or not (stamp.isascii() and stamp.isdecimal()):
        return None
    arrived_at = int(stamp) / 1000
    return arrived_at if abs(now - arrived_at) < STAMP_SECONDS_MAX else None


def _overloaded(request: HttpRequest) -> HttpResponse:
    seconds = str(random.choice(RETRY_SECONDS))  # noqa: S311 - guards nothing
    return early_response(request, UnavailableError, **{"Retry-After": seconds})
