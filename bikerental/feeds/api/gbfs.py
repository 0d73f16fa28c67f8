"""The public feed behind Django's middleware: the requests that `wsgi.py` passes on."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import MethodNotAllowed, NotFound

from bikerental.core.errors import UnavailableError
from bikerental.feeds.documents.responses import ANYBODY, PREFLIGHT, asked_of, respond
from bikerental.feeds.services import served
from bikerental.http.problems import problem_response

RETRY_SECONDS = "2"


@csrf_exempt
def gbfs(request: HttpRequest, name: str) -> HttpResponse | StreamingHttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=PREFLIGHT)
    if request.method not in ("GET", "HEAD"):
        return problem_response(MethodNotAllowed, Allow="GET, HEAD, OPTIONS", **ANYBODY)
    if not name.endswith(".json"):
        return problem_response(NotFound, **ANYBODY)
    base = f"{request.scheme}://{request.get_host()}"
    copy = served.copy()
    if copy is None:
        return problem_response(UnavailableError, **{"Retry-After": RETRY_SECONDS}, **ANYBODY)
    if name not in copy.files:
        return problem_response(NotFound, **ANYBODY)
    response = respond(copy.files[name], asked_of(request.META, base=base))
    make = HttpResponse if isinstance(response.body, list) else StreamingHttpResponse
    return make(response.body, status=response.status, headers=response.headers)
