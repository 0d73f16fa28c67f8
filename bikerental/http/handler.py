"""Django's WSGI handler with four changes: it parses no long Content-Type, it reads the rest of each body, it remembers
the routes of paths, and it disconnects those of Django's signal handlers that have nothing to do."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, close_old_connections, reset_queries
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, resolve

from bikerental.http.headers import HEADER_BYTES_MAX
from bikerental.http.parsers import BODY_BYTES_MAX

UNREAD_BYTES_MAX = 64 * BODY_BYTES_MAX
CHUNK_BYTES = 64 * 1024
PATHS_MAX = 256
PATH_LENGTH_MAX = 200  # a client may send longer ones, which would hold memory


class BoundedRequest(WSGIRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Django parses this header before any middleware runs; 400 KB of semicolons take three seconds."""
        is_bounded = len(meta.get("CONTENT_TYPE", "")) <= HEADER_BYTES_MAX
        super()._set_content_type_params(meta if is_bounded else {})  # type: ignore[misc] # the stubs forget it


class Handler(WSGIHandler):
    request_class = BoundedRequest

    def __init__(self) -> None:
        super().__init__()
        _disconnect_idle()

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        path = request.path_info
        match = request.resolver_match = _match(path) if len(path) <= PATH_LENGTH_MAX else resolve(path)
        return match

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = super().get_response(request)
        _read_rest(request)
        return response


@lru_cache(PATHS_MAX)
def _match(path: str) -> ResolverMatch:
    """Most requests are for a few paths, and Django tries one route after another. Unknown paths are not remembered."""
    return resolve(path)


def _disconnect_idle() -> None:
    """Disconnect Django's signal handlers that do nothing here: they took 5 % of a list request.

    `close_old_connections` still runs when a request starts.
    """
    if settings.DATABASES[DEFAULT_DB_ALIAS]["CONN_MAX_AGE"] > 0:  # else each is closed after its request
        request_finished.disconnect(close_old_connections)  # the thread's next request runs it before it needs one
    request_finished.disconnect(close_caches)  # Redis' has nothing to close
    request_finished.disconnect(reset_urlconf)  # no request has routes of its own
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)  # only DEBUG records them


def _read_rest(request: HttpRequest) -> None:
    """Read the part of the body that no code has read, up to a limit, and discard it.

    A refusal is often ready before the body has arrived. The web server then closes the connection after the answer
    and does not say so. The client would lose its next request, or see a reset connection in place of the answer.
    """
    is_chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    stream: Any = request.META["wsgi.input"] if is_chunked else request
    left = UNREAD_BYTES_MAX
    try:
        while left > 0 and (chunk := stream.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
    except UnreadablePostError:
        return  # the client has gone
