"""What waited too long is turned away at once, so that what is served is served soon.

The proxy stamps a request with the time when it passes it on. Who forges the stamp, where there is no
proxy to overwrite it, is turned away earlier or not at all, as everybody is without a stamp.
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
STAMP_SECONDS_MAX = 60.0  # further off, in either direction, is another clock's
QUEUE = 64
BURST = 256
BURST_SECONDS = 10.0
# Not one number: those that are turned away together should not come back together.
RETRY_SECONDS = (1, 2, 3)
NEVER_SHED = ("/health/", "/metrics")  # they say how busy it is

SHED = Counter("bikerental_http_shed", "Requests turned away because they had waited too long.")
WAITS = Histogram(
    "bikerental_http_wait_seconds",
    "Time from the proxy to a thread of the web server.",
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)


class Patience:
    """Decides which of the requests that one process begins have waited too long. Times in seconds, of one clock.

    Those that were begun since a request came stood before it in the queue. It is turned away if it
    waited longer than `seconds` and stood behind QUEUE others: a few who ask again and again are never
    turned away, however slow the machine is. While the queue was empty, within BURST_SECONDS, it may
    have stood behind as many as BURST: a crowd that comes at once is served.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: deque[float] = deque(maxlen=BURST)
        self._empty_at = 0.0

    def is_over(self, *, came: float, now: float) -> bool:
        """To be asked once for each request, in the order in which they are begun."""
        begun = self._begun
        if now - came < self._seconds / 2 or not begun or now - begun[-1] > BURST_SECONDS:
            self._empty_at = now
        most = BURST if now - self._empty_at < BURST_SECONDS else QUEUE
        stood_behind_most = len(begun) >= most and begun[-most] > came
        begun.append(now)
        return stood_behind_most and now - came > self._seconds


class SheddingMiddleware:
    """503 `unavailable` with `Retry-After`, before anything is read, looked up or parsed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.SHED_AFTER_SECONDS:
            raise MiddlewareNotUsed("SHED_AFTER_SECONDS is 0.")
        self.get_response = get_response
        self._patience = Patience(settings.SHED_AFTER_SECONDS)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = time.time()
        came = _came(request.META.get(STAMP), now)
        if came is None or request.path_info.startswith(NEVER_SHED):
            return self.get_response(request)
        WAITS.observe(max(0.0, now - came))
        if not self._patience.is_over(came=came, now=now):
            return self.get_response(request)
        SHED.inc()
        return _busy(request)


def _came(stamp: str | None, now: float) -> float | None:
    if not stamp or len(stamp) > 15 or not (stamp.isascii() and stamp.isdecimal()):
        return None
    came = int(stamp) / 1000
    return came if abs(now - came) < STAMP_SECONDS_MAX else None


def _busy(request: HttpRequest) -> HttpResponse:
    seconds = str(random.choice(RETRY_SECONDS))  # noqa: S311 - guards nothing
    return early_response(request, UnavailableError, **{"Retry-After": seconds})
