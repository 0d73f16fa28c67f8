"""Middleware of every request: its id, its headers, and answers where no view gives one."""

import functools
import logging
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import DatabaseError, DataError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.views import defaults
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, NotFound, ParseError, PermissionDenied

from bikerental.core.context import request_id_accept, request_id_var
from bikerental.core.registry import declared
from bikerental.http.parsers import BODY_BYTES_MAX, TooLargeError
from bikerental.http.problems import (
    InternalError,
    exception_handler,
    is_database_unavailable,
    is_page,
    page_unavailable,
    problem_response,
    status_and_code,
)
from bikerental.http.renderers import PROBLEM_TYPE, to_json

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]
DATA_TYPES = (PROBLEM_TYPE, "application/json")
# Statuses that Django itself answers with.
ERRORS = {
    status_and_code(error)[0]: error
    for error in (ParseError, NotAuthenticated, PermissionDenied, NotFound, MethodNotAllowed, TooLargeError)
}
LENGTH_DIGITS_MAX = 20  # Python refuses to parse a number with thousands of digits
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# Swagger UI and Redoc write style elements at run time, without a nonce; no script may be inline there either.
DOCUMENT_PREFIXES = ("/api/docs/", "/api/redoc/")
DOCUMENT_POLICY = f"{PAGE_POLICY}; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:"
UNFIT = (DataError, OverflowError, ValidationError)


class RequestIdMiddleware:
    """Takes a well-formed `X-Request-ID` or makes one, for the logs and the response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_accept(request.META.get("HTTP_X_REQUEST_ID"))
        token = request_id_var.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            request_id_var.reset(token)
        response["X-Request-ID"] = request_id
        return response


class SecurityHeadersMiddleware:
    """Tells the browser what it may load: nothing for data, and for a page only what the page needs."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")  # the public feed says otherwise
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if is_page(request):
            headers["Content-Security-Policy"] = _page_policy()
        elif request.path_info.startswith(DOCUMENT_PREFIXES):
            headers["Content-Security-Policy"] = DOCUMENT_POLICY
        elif headers.get("Content-Type", "").startswith("text/html"):
            headers["Content-Security-Policy"] = PAGE_POLICY  # the landing page
        else:
            headers["Content-Security-Policy"] = DATA_POLICY
        return response


def _page_policy() -> str:
    """The admin shows pictures, which may come from another origin, such as a bucket."""
    origins = [origin for source in _image_sources() for origin in source()]
    return PAGE_POLICY.replace("img-src 'self'", " ".join(["img-src 'self'", *origins]))


@functools.cache
def _image_sources() -> tuple[Callable[[], list[str]], ...]:
    return tuple(declared("policies", "image_origins"))


class CityTimeMiddleware:
    """Pages for people show and read times in the city's zone; data stays in UTC."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_page(request):
            return self.get_response(request)
        with timezone.override(settings.CITY_TIME_ZONE):
            return self.get_response(request)


class PageSessionMiddleware(SessionMiddleware):
    """While the database is unavailable, a session cannot be saved. The answer is a 503, and nobody is logged out."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        try:
            return super().process_response(request, response)
        except (DatabaseError, InterfaceError, SessionInterrupted) as error:
            cause = _cause_in_database(error)
            if cause is None or not is_database_unavailable(cause):
                raise
            return page_unavailable(request, cause)


def _cause_in_database(error: BaseException | None) -> BaseException | None:
    """The error of PostgreSQL or its driver behind Django's own error about a missing session row."""
    while error is not None and not (isinstance(error, DatabaseError | InterfaceError) and error.__cause__):
        error = error.__context__
    return error


class SlashMiddleware(CommonMiddleware):
    """Redirects to the address with a slash if a person left it out. API requests skip this middleware."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        path = request.path_info
        if path.endswith("/") or request.method not in ("GET", "HEAD"):
            return False
        return not _has_page(path) and _has_page(f"{path}/")


def _has_page(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return bool(getattr(view, "should_append_slash", True))  # false for the admin's catch-all


class ProblemMiddleware:
    """Turns errors into problem documents: those that no API view handled, and Django's own HTML pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_page(request):
            return _page_refused(request) or self.get_response(request)
        status = _body_refused(request)
        if status is None:
            response = self.get_response(request)
            if response.status_code < 400 or response.headers.get("Content-Type", "").startswith(DATA_TYPES):
                return response
            # Django's own error pages: with DEBUG for nearly every error, and always for a missing CSRF token.
            status = response.status_code
        # LocaleMiddleware runs inside this one, so the language is not set here.
        with translation.override(translation.get_language_from_request(request)):
            return problem_response(ERRORS.get(status, InternalError))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an exception that DRF's handler did not answer."""
        if is_page(request):
            return _page_failed(request, error)
        problem = exception_handler(error, {})
        if problem is None:
            # A bug. The trace goes to the log and Sentry; the client gets the request's id.
            logger.error("Unhandled: %s %s", request.method, request.path, exc_info=error)
            return problem_response(InternalError)
        headers = {**problem.headers, "Content-Type": PROBLEM_TYPE}
        return HttpResponse(to_json(problem.data), status=problem.status_code, headers=headers)


def _page_refused(request: HttpRequest) -> HttpResponse | None:
    """PostgreSQL refuses NUL characters, and no page needs one."""
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        # LocaleMiddleware runs inside this one.
        with translation.override(translation.get_language_from_request(request)):
            return defaults.bad_request(request, SuspiciousOperation("NUL"))
    return None


def _page_failed(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """A value in a URL that fits no column is a 400.

    Django's admin checks filters, pages and ids, but not whether dates and numbers fit their columns.
    """
    if is_database_unavailable(error):
        return page_unavailable(request, error)
    if not isinstance(error, UNFIT):
        return None
    logger.warning("Refused: %s %s: %s", request.method, request.path, type(error).__name__, exc_info=error)
    return defaults.bad_request(request, error)


def _body_refused(request: HttpRequest) -> int | None:
    """The status with which a body is refused before any code reads it, or None."""
    length = request.META.get("CONTENT_LENGTH")
    if length:
        if not (length.isascii() and length.isdecimal() and len(length) <= LENGTH_DIGITS_MAX):
            return 400
        return None if int(length) <= BODY_BYTES_MAX else 413
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return _chunked_body_read(request)
    return None


def _chunked_body_read(request: Any) -> int | None:
    """Read a chunked body and give it a length: Django and DRF ignore a body without one."""
    body = request.META["wsgi.input"].read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        return 413
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)
    return None
