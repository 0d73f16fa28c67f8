"""Turns every error into application/problem+json (RFC 9457)."""

import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from bikerental.core.context import request_id_var
from bikerental.core.db.transactions import sqlstate
from bikerental.core.errors import FieldRefusal, Kind, Refusal, UnavailableError
from bikerental.http.parsers import TooLargeError
from bikerental.http.renderers import PROBLEM_TYPE, to_json

logger = logging.getLogger(__name__)

_PHOTO_PAGES = [] if settings.AWS_STORAGE_BUCKET_NAME else [settings.MEDIA_URL]
PAGE_PREFIXES = (f"/{settings.ADMIN_PATH}", "/__debug__/", *_PHOTO_PAGES)
STATUS_OF_KIND = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.REUSED: 422,
    Kind.THROTTLED: 429,
    Kind.UNAVAILABLE: 503,
}
TITLES = {
    400: _("Bad request"),
    401: _("Not authenticated"),
    403: _("Forbidden"),
    404: _("Not found"),
    405: _("Method not allowed"),
    406: _("Not acceptable"),
    409: _("Conflict"),
    413: _("Too large"),
    415: _("Unsupported media type"),
    422: _("Unprocessable"),
    429: _("Too many requests"),
    431: _("Headers too large"),
    500: _("Internal error"),
    503: _("Unavailable"),
}
DETAILS = {
    "invalid": _("Something in the request is not valid; see errors."),
    "parse_error": _("The request cannot be understood."),
    "not_authenticated": _("Log in and send the access token as Authorization: Bearer."),
    "token_invalid": _("The token is not valid, has expired, or its session has ended. Log in again."),
    "forbidden": _("You may not do this."),
    "not_found": _("There is nothing here."),
    "too_large": _("The body is larger than 1 MiB."),
    "unsupported_media_type": _("Send the body as application/json, without a Content-Encoding."),
    "throttled": _("Too many attempts. Wait before the next one."),
    "headers_too_large": _("A header is larger than 8 KiB, or all of them together are larger than 32 KiB."),
    "internal_error": _("Something went wrong on our side; it has been reported. Nothing was half done."),
}
# PostgreSQL's error classes and codes while it starts, stops, fails over or is too busy. All its other errors are
# bugs of ours.
_UNAVAILABLE = ("08", "53", "57P", "25P03", "25006")
_CODES: dict[type[Exception], str] = {
    exceptions.ValidationError: "invalid",
    exceptions.ParseError: "parse_error",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "token_invalid",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
}

PLAIN_TYPE = "text/plain; charset=utf-8"  # without a charset, a browser assumes Latin-1
ErrorClass = type[Refusal] | type[exceptions.APIException]


class HeadersTooLargeError(exceptions.APIException):
    status_code = 431
    default_code = "headers_too_large"


class InternalError(exceptions.APIException):
    """The answer to a client after a bug."""

    default_code = "internal_error"


_DJANGO_ERRORS: dict[type[Exception], Callable[[], Exception]] = {
    Http404: exceptions.NotFound,
    PermissionDenied: exceptions.PermissionDenied,
    RequestDataTooBig: TooLargeError,  # before its base class
    SuspiciousOperation: exceptions.ParseError,
    UnreadablePostError: exceptions.ParseError,
}


def problem(status: int, code: str, detail: Any = None, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The problem document."""
    document = {
        "type": f"urn:bikerental:problem:{code}",
        "title": str(TITLES.get(status, TITLES[400 if status < 500 else 500])),
        "status": status,
        "detail": str(DETAILS.get(code, "") if detail is None else detail),
        "code": code,
        "request_id": request_id_var.get(),
    }
    if errors is not None:
        document["errors"] = errors
    return document


def status_and_code(error: ErrorClass) -> tuple[int, str]:
    """The status and code of this class of error."""
    if issubclass(error, Refusal):
        return STATUS_OF_KIND[error.kind], error.code
    code = next((code for kind, code in _CODES.items() if issubclass(error, kind)), str(error.default_code))
    return error.status_code, code


def problem_response(error: ErrorClass, **headers: str) -> HttpResponse:
    """A problem as a response, for middleware and handlers outside DRF."""
    status, code = status_and_code(error)
    body = to_json(problem(status, code, _detail_of(error), [] if status == 400 else None))
    return HttpResponse(body, status=status, content_type=PROBLEM_TYPE, headers=headers)


def early_response(request: HttpRequest, error: ErrorClass, **headers: str) -> HttpResponse:
    """A refusal by middleware that runs before LocaleMiddleware and CommonMiddleware: it sets their headers itself."""
    with translation.override(translation.get_language_from_request(request)):
        if is_page(request):
            status, _code = status_and_code(error)
            response = HttpResponse(_detail_of(error), status=status, content_type=PLAIN_TYPE, headers=headers)
        else:
            response = problem_response(error, **headers)
    response.headers["Content-Length"] = str(len(response.content))
    return response


def page_unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The page for an operator while the database is unavailable or read-only."""
    logger.warning("The database is unavailable or too busy: %s", type(error).__name__, exc_info=error)
    return early_response(request, UnavailableError, **{"Retry-After": f"{UnavailableError.retry_after:.0f}"})


def _detail_of(error: ErrorClass) -> Any:
    return error.detail if issubclass(error, Refusal) else DETAILS.get(status_and_code(error)[1])


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None for a bug, which is then logged and sent to Sentry."""
    if is_database_unavailable(error):
        logger.warning("The database is unavailable or too busy: %s", type(error).__name__, exc_info=error)
        error = UnavailableError()
    if isinstance(error, Refusal):
        set_rollback()
        return _refusal_response(error)
    error = next((make() for kind, make in _DJANGO_ERRORS.items() if isinstance(error, kind)), error)
    if isinstance(error, exceptions.APIException):
        set_rollback()
        return _api_error_response(error)
    return None


def is_database_unavailable(error: BaseException | None) -> bool:
    """Whether the database is unavailable or too busy: lost connections, timeouts, deadlocks, no free connection."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    state = sqlstate(error)
    # libpq reports a connection that broke off without a code.
    return type(error) is DatabaseError if state is None else state.startswith(_UNAVAILABLE)


def _problem_response(status: int, document: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(document, status=status, headers=dict(headers), content_type=PROBLEM_TYPE)


def _refusal_response(refusal: Refusal) -> Response:
    status, code = status_and_code(type(refusal))
    errors = None
    if isinstance(refusal, FieldRefusal):
        reason = {"code": refusal.field_code, "detail": str(refusal.field_detail)}
        errors = [{"field": field, **reason} for field in (refusal.field, *refusal.further_fields)]
    elif status == 400:
        errors = []
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after)))
    return _problem_response(status, refusal.members() | problem(status, code, refusal.detail, errors), headers)


def _api_error_response(error: exceptions.APIException) -> Response:
    # By its class, because DRF changes 401 to 403 if a view has no authenticators.
    status, code = status_and_code(type(error))
    if isinstance(error, exceptions.ValidationError):
        return _problem_response(status, problem(status, code, None, list(_field_errors(error.detail))), {})
    # Most details of DRF only name a media type or a claim, and ours say what to do. But a parser's detail, and that of
    # a header without a scheme, say what is wrong.
    detail = DETAILS.get(code, error.detail)
    if code in ("parse_error", "not_authenticated") and str(error.detail) != str(type(error).default_detail):
        detail = error.detail
    errors: list[dict[str, str]] | None = [] if status == 400 else None
    return _problem_response(status, problem(status, code, detail, errors), _headers_of(error, status))


def _headers_of(error: exceptions.APIException, status: int) -> dict[str, str]:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(max(1, math.ceil(error.wait or 1)))  # type: ignore[attr-defined] # the stubs forget it
    return headers


def _field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _field_errors(value, ".".join(filter(None, (path, name))))
    elif isinstance(detail, list | tuple):
        for index, value in enumerate(detail):
            nested = f"{path}.{index}" if isinstance(value, Mapping | list) else path
            yield from _field_errors(value, nested)
    else:
        yield {"field": path, "code": getattr(detail, "code", None) or "invalid", "detail": str(detail)}


def is_page(request: HttpRequest) -> bool:
    """Whether the request is for a page for people. Its errors are pages too."""
    return request.path_info.startswith(PAGE_PREFIXES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return defaults.bad_request(request, exception) if is_page(request) else problem_response(exceptions.ParseError)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return (
        defaults.permission_denied(request, exception)
        if is_page(request)
        else problem_response(exceptions.PermissionDenied)
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return defaults.page_not_found(request, exception) if is_page(request) else problem_response(exceptions.NotFound)


def internal_error(request: HttpRequest) -> HttpResponse:
    """Django calls this after an unhandled exception; nothing else logs it."""
    error = sys.exc_info()[1]
    if error is not None and is_page(request) and is_database_unavailable(error):
        return page_unavailable(request, error)
    logger.error("Unhandled: %s %s", request.method, request.path, exc_info=sys.exc_info())
    return defaults.server_error(request) if is_page(request) else problem_response(InternalError)
