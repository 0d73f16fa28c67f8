"""Answers requests for the public feed before Django's middleware, because many clients poll it.

Only a plain request for an existing file is answered here. Any other goes on to Django, where `api/gbfs.py` is the
view: it is refused, redirected to HTTPS or answered with 404.
"""

import time
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from prometheus_client import Histogram

from bikerental.core.context import request_id_accept
from bikerental.feeds.constants import PREFIX
from bikerental.feeds.documents.responses import CORS_HEADERS, Response, request_head, respond
from bikerental.feeds.services import feed_cache
from bikerental.http.headers import HOST_LENGTH_MAX, are_too_large
from bikerental.http.middleware import SecurityHeadersMiddleware
from bikerental.observe.access import write_request
from bikerental.observe.prometheus import REQUESTS

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
ROUTE = "gbfs/<path:name>"
REASONS = {200: "200 OK", 304: "304 Not Modified"}


class FeedApplication:
    """Wraps the application that answers all other requests."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PREFIX):
            started = time.perf_counter()
            response = _response(environ)
            if response is not None:
                headers = [*response.headers.items(), *_middleware_headers(_is_secure(environ))]
                request_id = request_id_accept(environ.get("HTTP_X_REQUEST_ID"))
                headers.append(("X-Request-ID", request_id))
                start_response(REASONS[response.status], headers)
                method, seconds = environ["REQUEST_METHOD"], time.perf_counter() - started
                _series(method, response.status).observe(seconds)
                write_request(
                    request_id=request_id, method=method, route=ROUTE, status=response.status, seconds=seconds
                )
                return response.body
        return self._application(environ, start_response)


def _response(environ: Environ) -> Response | None:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or _has_body(environ) or are_too_large(environ):
        return None
    host, is_secure = environ.get("HTTP_HOST", ""), _is_secure(environ)
    if len(host) > HOST_LENGTH_MAX or not _is_allowed(host) or (settings.SECURE_SSL_REDIRECT and not is_secure):
        return None
    copy = feed_cache.current()
    file = copy and copy.files.get(environ["PATH_INFO"][len(PREFIX) :])
    if not file:
        return None
    return respond(file, request_head(environ, base=f"{'https' if is_secure else 'http'}://{host}"))


def _has_body(environ: Environ) -> bool:
    """A body must be read, or the server closes the connection. Django's `Handler` reads it."""
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


@lru_cache(maxsize=64)
def _is_allowed(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _is_secure(environ: Environ) -> bool:
    """As `HttpRequest.scheme`."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure_value = settings.SECURE_PROXY_SSL_HEADER
        value = environ.get(name)
        if value is not None:
            return bool(value.split(",", 1)[0].strip() == secure_value)
    return bool(environ["wsgi.url_scheme"] == "https")


@cache
def _middleware_headers(is_secure: bool) -> list[tuple[str, str]]:
    """The headers that the middlewares add to every response."""
    scheme = "https" if is_secure else "http"
    request = WSGIRequest(
        {"REQUEST_METHOD": "GET", "PATH_INFO": PREFIX, "wsgi.url_scheme": scheme, "wsgi.input": BytesIO()}
    )
    response: Any = HttpResponse(headers=CORS_HEADERS, content_type="application/json")

    def answer(request: HttpRequest) -> Any:
        return response

    for middleware in (SecurityMiddleware(answer), XFrameOptionsMiddleware(answer)):
        response = middleware.process_response(request, response)
    SecurityHeadersMiddleware(answer)(request)
    return [(name, value) for name, value in response.items() if name not in CORS_HEADERS and name != "Content-Type"]


@cache
def _series(method: str, status: int) -> Histogram:
    return REQUESTS.labels(ROUTE, method, status)
