"""The public feed behind Django's middleware: the requests that `wsgi.py` passes on."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import MethodNotAllowed, NotFound

from bikerental.core.errors import UnavailableError
from bikerental.feeds.documents.responses import CORS_HEADERS, PREFLIGHT_HEADERS, request_head, respond
from bikerental.feeds.services import feed_cache
from bikerental.http.problems import problem_response

RETRY_SECONDS = "2"


@csrf_exempt
def gbfs(request: HttpRequest, name: str) -> HttpResponse | StreamingHttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=PREFLIGHT_HEADERS)
    if request.method not in ("GET", "HEAD"):
        return problem_response(MethodNotAllowed, Allow="GET, HEAD, OPTIONS", **CORS_HEADERS)
    if not name.endswith(".json"):
        return problem_response(NotFound, **CORS_HEADERS)
    base = f"{request.scheme}://{request.get_host()}"
    copy = feed_cache.current()
    if copy is None:
        return problem_response(UnavailableError, **{"Retry-After": RETRY_SECONDS}, **CORS_HEADERS)
    if name not in copy.files:
        return problem_response(NotFound, **CORS_HEADERS)
    response = respond(copy.files[name], request_head(request.META, base=base))
    make = HttpResponse if isinstance(response.body, list) else StreamingHttpResponse
    return make(response.body, status=response.status, headers=response.headers)
