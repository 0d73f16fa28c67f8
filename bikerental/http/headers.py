"""Refuses headers over 8 KiB each, or 32 KiB together, before any code reads them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ParseError

from bikerental.http.problems import HeadersTooLargeError, early_response

HEADER_BYTES_MAX = 8 * 1024
HEADERS_BYTES_MAX = 32 * 1024
HOST_LENGTH_MAX = 253 + len(":65535")  # a name of the DNS and a port
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")  # WSGI says HTTP_ before all others


class HeaderLimitsMiddleware:
    """The limits hold behind any server and proxy: their own limits are higher or count differently.

    A header that is sent several times counts as one, because WSGI joins it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if are_too_large(request.META):
            request.COOKIES = {}  # the cookies are not parsed, not even for the language in them
            return early_response(request, HeadersTooLargeError)
        if len(request.META.get("HTTP_HOST", "")) > HOST_LENGTH_MAX:
            return early_response(request, ParseError)
        cookie = request.META.get("HTTP_COOKIE", "")
        if "\\" in cookie:
            # None of our cookies has one. Python before 3.11.10 takes quadratic time to unquote them.
            request.META["HTTP_COOKIE"] = cookie.replace("\\", "")
        return self.get_response(request)


def are_too_large(meta: Mapping[str, Any]) -> bool:
    total = 0
    for name, value in meta.items():
        if name.startswith("HTTP_") or name in _WITHOUT_PREFIX:
            length = len(value)  # WSGI has a character for each byte
            if length > HEADER_BYTES_MAX:
                return True
            total += len(name.removeprefix("HTTP_")) + length
    return total > HEADERS_BYTES_MAX
