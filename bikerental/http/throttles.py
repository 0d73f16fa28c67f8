"""Request rates that a client may not exceed. They limit waste; guesses at passwords are counted in PostgreSQL.

DRF's own throttles read, decide and write, so parallel requests get through. These count in fixed
windows with the cache's atomic increment. While the cache is unavailable, nobody is limited or delayed: after
one failure it is not asked for a while.
"""

import logging
import threading
import time
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from bikerental.core.addresses import client_network

logger = logging.getLogger(__name__)

CACHE_LEFT_ALONE_SECONDS = 10.0
SECONDS_OF_PERIOD = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def client_address(request: Any) -> str:
    """The client's address, as our own proxies report it.

    If NUM_PROXIES is 0, X-Forwarded-For is ignored.
    """
    proxies = api_settings.NUM_PROXIES or 0
    remote: str = request.META.get("REMOTE_ADDR", "")
    if not proxies:
        return remote
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return forwarded[-min(proxies, len(forwarded))] if forwarded else remote


def rate_of(scope: str) -> tuple[int, int] | None:
    """`"5/min"` as (5, 60); None if the scope has no rate."""
    rate = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"].get(scope)
    if not rate:
        return None
    number, _, period = rate.partition("/")
    return int(number), SECONDS_OF_PERIOD[period[0]]


class Breaker:
    """Stops asking a cache that did not answer. Later, one request at a time tries it again.

    So a hanging cache costs a process one timeout in ten seconds, however many threads it has.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until = 0.0  # monotonic time; 0 while the cache answers

    def admits(self) -> bool:
        if not self._open_until:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return False
            self._open_until = now + CACHE_LEFT_ALONE_SECONDS  # the others wait while this request tries
            return True

    def failed(self) -> None:
        self._open_until = time.monotonic() + CACHE_LEFT_ALONE_SECONDS

    def succeeded(self) -> None:
        self._open_until = 0.0


breaker = Breaker()


class RateThrottle(BaseThrottle):
    scope = ""

    def __init__(self) -> None:
        self._wait: float | None = None

    def client_of(self, request: Request) -> str | None:
        """The text that identifies the client; None if the client is not counted."""
        return client_network(client_address(request))

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = rate_of(self.scope)
        client = self.client_of(request) if rate else None
        if rate is None or client is None:
            return True
        number, seconds = rate
        window, elapsed = divmod(time.time(), seconds)
        self._wait = seconds - elapsed
        digest = sha256(client.encode()).hexdigest()[:32]
        return self._count(f"throttle:{self.scope}:{digest}:{int(window)}", seconds) <= number

    def wait(self) -> float | None:
        return self._wait

    @staticmethod
    def _count(key: str, seconds: int) -> int:
        if not breaker.admits():
            return 0
        try:
            cache.add(key, 0, timeout=seconds + 1)
            count = cache.incr(key)
        except ValueError:  # the window expired in between: begin a new one
            count = 1
        except RedisError as error:
            breaker.failed()
            logger.warning("The cache is unavailable, so nobody is throttled: %s", type(error).__name__)
            return 0
        breaker.succeeded()
        return count


class AnonymousThrottle(RateThrottle):
    scope = "anon"

    def client_of(self, request: Request) -> str | None:
        return None if request.auth is not None else super().client_of(request)


class UserThrottle(RateThrottle):
    scope = "user"

    def client_of(self, request: Request) -> str | None:
        return str(request.user.pk) if request.auth is not None else None


class RegisterThrottle(RateThrottle):
    scope = "register"


class LoginThrottle(RateThrottle):
    scope = "login"
