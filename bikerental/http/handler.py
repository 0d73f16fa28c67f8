"""Django's WSGI handler with two changes: it parses no long Content-Type, and it reads the rest of each body."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase

from bikerental.http.headers import HEADER_BYTES_MAX
from bikerental.http.parsers import BODY_BYTES_MAX

UNREAD_BYTES_MAX = 64 * BODY_BYTES_MAX
CHUNK_BYTES = 64 * 1024


class BoundedRequest(WSGIRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Django parses this header before any middleware runs; 400 KB of semicolons take three seconds."""
        is_bounded = len(meta.get("CONTENT_TYPE", "")) <= HEADER_BYTES_MAX
        super()._set_content_type_params(meta if is_bounded else {})  # type: ignore[misc] # the stubs forget it


class Handler(WSGIHandler):
    request_class = BoundedRequest

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = super().get_response(request)
        _read_rest(request)
        return response


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
