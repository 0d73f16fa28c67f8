"""The service's routes, and views for tests that fail in ways that no real view should."""

from typing import ClassVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.errors import FieldRefusal, Kind, Refusal, ThrottledError, UnavailableError
from bikerental.fleet.models import Station
from bikerental.http.fields import Body
from bikerental.http.pagination import read_page, render_page
from bikerental.http.throttles import AnonymousThrottle, RegisterThrottle, UserThrottle
from bikerental.http.views import ApiView, read, read_query
from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as own_urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class NameTaken(FieldRefusal):
    field = "name"
    field_code = "name_taken"
    field_detail = "Taken."


class Odd(Refusal):
    kind = Kind.INVALID
    code = "odd"
    detail = "Odd."


class Unknown(Refusal):
    kind = Kind.UNAUTHENTICATED
    code = "credentials_invalid"
    detail = "Who?"


class Closed(Refusal):
    kind = Kind.FORBIDDEN
    code = "closed"
    detail = "Closed."


class Gone(Refusal):
    kind = Kind.NOT_FOUND
    code = "gone"
    detail = "Gone."


class Busy(Refusal):
    kind = Kind.CONFLICT
    code = "busy"
    detail = "Busy."


class Reused(Refusal):
    kind = Kind.REUSED
    code = "reused"
    detail = "Reused."


NESTED = exceptions.ValidationError(
    {
        "rider": {"name": [exceptions.ErrorDetail("Too long.", "max_length")]},
        "stops": [{}, {"latitude": [exceptions.ErrorDetail("Too far north.", "max_value")]}],
        "non_field_errors": [exceptions.ErrorDetail("They differ.", "differ")],
    }
)


class FromServer(Exception):
    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


def caused(error: Exception, pgcode: str) -> Exception:
    error.__cause__ = FromServer(pgcode)
    return error


ERRORS: dict[str, Exception] = {
    "field": NameTaken(),
    "odd": Odd(),
    "unknown": Unknown(),
    "closed": Closed(),
    "gone": Gone(),
    "busy": Busy(),
    "reused": Reused(),
    "throttled-refusal": ThrottledError(retry_after=1.2),
    "unavailable": UnavailableError(),
    "parse": exceptions.ParseError(),
    "not-authenticated": exceptions.NotAuthenticated(),
    "authentication-failed": exceptions.AuthenticationFailed(),
    "permission": exceptions.PermissionDenied(),
    "django-permission": PermissionDenied("secret"),
    "http404": Http404("secret"),
    "drf-not-found": exceptions.NotFound(),
    "not-acceptable": exceptions.NotAcceptable(),
    "throttled": exceptions.Throttled(wait=6.1),
    "nested": NESTED,
    "list": exceptions.ValidationError("Wrong."),
    "suspicious": SuspiciousOperation("secret"),
    "too-big": RequestDataTooBig("secret"),
    "unreadable": UnreadablePostError("secret"),
    "lost": OperationalError("server closed the connection, SELECT secret"),
    "lock-timeout": caused(OperationalError("secret"), "55P03"),
    "interface": InterfaceError("connection already closed"),
    "broken-off": DatabaseError("secret"),
    "idle-too-long": caused(InternalError("secret"), "25P03"),
    "read-only": caused(InternalError("secret"), "25006"),
    "bug": KeyError("secret"),
    "sql": caused(ProgrammingError("SELECT secret"), "42601"),
    "aborted": caused(InternalError("secret"), "25P02"),
}


class OpenView(ApiView):
    authentication_classes: ClassVar = []
    permission_classes: ClassVar = []


class RaisingView(OpenView):
    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]


def raising(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


class Inner(Body):
    name = serializers.CharField(max_length=10)


class Everything(Body):
    text = serializers.CharField(required=False)
    number = serializers.IntegerField(required=False, min_value=0, max_value=100)
    real = serializers.FloatField(required=False, min_value=-90, max_value=90)
    id = serializers.UUIDField(required=False)
    at = serializers.DateTimeField(required=False)
    flag = serializers.BooleanField(required=False)
    choice = serializers.ChoiceField(choices=["red", "green"], required=False)
    inner = Inner(required=False)
    inners = Inner(many=True, required=False)


class EchoView(OpenView):
    def post(self, request: Request) -> Response:
        return Response(read(Everything, request))

    def get(self, request: Request) -> Response:
        return Response(read_query(Everything, request))


class StationsView(OpenView):
    """Southernmost first: sorted by a computed column and the key."""

    def get(self, request: Request) -> Response:
        from django.db.models import F

        page = read_page(request, order=("-south", "-id"))
        stations = Station.objects.annotate(south=-F("latitude"))
        return render_page(request, page.filled(page.select(stations)), lambda station: {"name": station.name})


class CountedView(OpenView):
    throttle_classes: ClassVar = [RegisterThrottle]

    def get(self, request: Request) -> Response:
        return Response({})


class PersonalView(ApiView):
    throttle_classes: ClassVar = [AnonymousThrottle, UserThrottle]

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    *own_urlpatterns,
    path("api/test/raise/<str:name>/", RaisingView.as_view()),
    path("plain/raise/<str:name>/", raising),
    path("admin/raise/<str:name>/", raising),
    path("api/test/echo/", EchoView.as_view()),
    path("api/test/stations/", StationsView.as_view()),
    path("api/test/counted/", CountedView.as_view()),
    path("api/test/personal/", PersonalView.as_view()),
]
# First, because the admin's catch-all route would match our routes too.
urlpatterns.insert(0, urlpatterns.pop(-5))
