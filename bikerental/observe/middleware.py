"""Measures each request, and writes its line."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from prometheus_client import Histogram

from bikerental.core.context import request_id_var
from bikerental.observe.access import write_request
from bikerental.observe.prometheus import REQUESTS

KNOWN_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


class MetricsMiddleware:
    """One observation and one line for each request, by route: by path, each id would make its own series.

    Stands outside everything that can answer, so that refused requests have a line too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # `labels()` takes a lock and converts its values to text, and there are few combinations.
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def __call__(self, request: HttpRequest) -> Any:
        started = time.perf_counter()
        request_id = request_id_var.get()
        response: Any = self.get_response(request)  # or a stream

        def end() -> None:
            self._end(request, request_id, response.status_code, time.perf_counter() - started)

        if response.streaming and not isinstance(response, FileResponse):  # which the server sends by itself
            response.streaming_content = Closing(response.streaming_content, end)
        else:
            end()
        return response

    def _end(self, request: HttpRequest, request_id: str, status: int, seconds: float) -> None:
        match = request.resolver_match
        method = request.method if request.method in KNOWN_METHODS else "OTHER"
        route = match.route if match else "unknown"
        key = (route, method, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = REQUESTS.labels(*key)
        series.observe(seconds)
        write_request(
            request_id=request_id,
            method=method,
            route=route,
            status=status,
            seconds=seconds,
            user_id=_known_user_id(request),
        )


def _known_user_id(request: HttpRequest) -> UUID | None:
    """The user's id if the request has found out who it is. Asking now would read the session from the database."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)


class Closing:
    """Iterates over a response's content; `close` runs when it was sent or the client has gone."""

    def __init__(self, content: Iterable[bytes], close: Callable[[], None]) -> None:
        self._content = content
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._content)
