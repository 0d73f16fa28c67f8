"""Measures each request."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from prometheus_client import Histogram

from bikerental.observe.prometheus import REQUESTS

KNOWN_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


class MetricsMiddleware:
    """One observation for each request, by route: by path, each id would make its own series."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # `labels()` takes a lock and converts its values to text, and there are few combinations.
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def __call__(self, request: HttpRequest) -> Any:
        started = time.perf_counter()
        response: Any = self.get_response(request)  # or a stream
        match = request.resolver_match
        method = request.method if request.method in KNOWN_METHODS else "OTHER"
        key = (match.route if match else "unknown", method, response.status_code)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = REQUESTS.labels(*key)
        if response.streaming and not isinstance(response, FileResponse):  # which the server sends by itself
            content = response.streaming_content
            response.streaming_content = _Closing(content, lambda: series.observe(time.perf_counter() - started))
        else:
            series.observe(time.perf_counter() - started)
        return response


class _Closing:
    """Iterates over a response's content; `close` runs when it was sent or the client has gone."""

    def __init__(self, content: Iterable[bytes], close: Callable[[], None]) -> None:
        self._content = content
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._content)
