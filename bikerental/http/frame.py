"""Lets API requests skip the middlewares that only pages need.

Sessions, CSRF, the operators' log-in, messages and static files take a tenth of an API request's processor time.
The API does not use them: it only uses the bearer token.
"""

from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from bikerental.http.middleware import GetResponse


class Innermost:
    """Stands last in MIDDLEWARE to find the function that calls the view. Pages do not go through it."""

    to_view: ClassVar[Any]

    def __init__(self, get_response: GetResponse) -> None:
        # Django creates the last middleware first, so this is set when the frame is created.
        Innermost.to_view = staticmethod(get_response)
        raise MiddlewareNotUsed


class ApiFrame:
    """Calls the view of an API path directly, with the same headers as CommonMiddleware and LocaleMiddleware
    would give. Stands before the middlewares that only pages need."""

    def __init__(self, get_response: GetResponse) -> None:
        self._to_page = get_response
        self._api_prefixes = settings.API_PREFIXES
        to_view: GetResponse = Innermost.to_view

        def check_host_then_view(request: HttpRequest) -> HttpResponse:
            request.get_host()  # refuses what ALLOWED_HOSTS does not name
            return to_view(request)

        # A refused host becomes an error response here, so that the response gets the headers below too.
        self._to_view = cast(GetResponse, convert_exception_to_response(check_host_then_view))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self._api_prefixes):
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
        # A 304 has no Content-Length: it would be the length of the body that is not sent.
        if not response.streaming and "Content-Length" not in headers and response.status_code != 304:
            headers["Content-Length"] = str(len(response.content))
        return response
