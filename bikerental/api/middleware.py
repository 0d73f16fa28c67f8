"""What surrounds every request: its id, its measure, and an answer for what no view answers."""

import logging
import time
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from bikerental.api.metrics import REQUESTS
from bikerental.api.parsers import BODY_BYTES_MAX
from bikerental.api.problems import problem_response
from bikerental.core.context import request_id_accept, request_id_var
from bikerental.core.errors import UnavailableError

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]
KNOWN_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


class RequestIdMiddleware:
    """`X-Request-ID`: taken when it is sane or made, in the logs and in the answer."""

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


class MetricsMiddleware:
    """One observation a request, by route and not by path: ids would make a series each."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match else "unknown"
        method = request.method if request.method in KNOWN_METHODS else "OTHER"
        REQUESTS.labels(route, method, response.status_code).observe(time.perf_counter() - started)
        return response


class ProblemMiddleware:
    """Errors that no view of the API turns into an answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.path.startswith("/api/") and (not length.isdecimal() or int(length) > BODY_BYTES_MAX):
            return problem_response(413, "too_large") if length.isdecimal() else problem_response(400, "bad_request")
        response = self.get_response(request)
        if response.status_code == 404 and not request.path.startswith(("/admin/", "/static/")):
            if not response.headers.get("Content-Type", "").startswith(("application/problem+json", "application/json")):
                return problem_response(404, "not_found")  # Django's own page, where DEBUG is on
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, RequestDataTooBig):
            return problem_response(413, "too_large")
        if isinstance(exception, SuspiciousOperation):
            return problem_response(400, "bad_request")
        if isinstance(exception, OperationalError | InterfaceError):
            logger.warning("The database refused: %s", type(exception).__name__, exc_info=exception)
            away = UnavailableError()
            return problem_response(503, away.code, away.detail, **{"Retry-After": str(int(away.retry_after or 1))})
        if request.path.startswith("/api/"):
            # A bug: Django's signal has told Sentry; the log has the trace, the client an id to quote.
            logger.error("Unhandled: %s %s", request.method, request.path, exc_info=exception)
            return problem_response(500, "internal_error")
        return None
