"""The short way of an API request, past the middlewares that only pages need.

Sessions, CSRF, the operators' log-in, messages and static files cost each request of the API a tenth of
its processor time and do nothing for it: a bearer token is all that it goes by.
"""

from typing import Any, ClassVar, cast

from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from bikerental.http.middleware import GetResponse

API_PREFIX = "/api/v1/"


class Innermost:
    """Last in MIDDLEWARE: knows the way to the view, and keeps out of the way of pages."""

    to_view: ClassVar[Any]

    def __init__(self, get_response: GetResponse) -> None:
        # Django makes the last middleware first, so the frame finds this when it is made.
        Innermost.to_view = staticmethod(get_response)
        raise MiddlewareNotUsed


class ApiFrame:
    """Does for API paths what CommonMiddleware and LocaleMiddleware do, with the same headers, and leads
    to the view. Stands before the middlewares that only pages need."""

    def __init__(self, get_response: GetResponse) -> None:
        self._to_page = get_response
        to_view: GetResponse = Innermost.to_view

        def look_at_host_and_view(request: HttpRequest) -> HttpResponse:
            request.get_host()  # refuses what ALLOWED_HOSTS does not name
            return to_view(request)

        # A refused host is answered as any other error, so that its answer gets the headers below too.
        self._to_view = cast(GetResponse, convert_exception_to_response(look_at_host_and_view))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(API_PREFIX):
            return self._to_page(request)
        language = translation.get_language_from_request(request)
        translation.activate(language)
        response = self._to_view(request)
        headers = response.headers
        if "Vary" in headers:
            patch_vary_headers(response, ("Accept-Language",))
        else:
            headers["Vary"] = "Accept-Language"
        headers.setdefault("Content-Language", language)
        # A 304 has none: it would be the length of what is not sent.
        if not response.streaming and "Content-Length" not in headers and response.status_code != 304:
            headers["Content-Length"] = str(len(response.content))
        return response
