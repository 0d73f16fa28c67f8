"""Who may do what: every method of every route, and the status for each kind of caller.

A new route needs a row in the table below, otherwise `test_access.py` fails. The columns are the statuses for a caller
without a token, for the rider who owns the objects in the path, for another rider, and for an operator with all
rights. An operator without rights, or without the code, counts as a rider. A bad token counts as no token.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from drf_yasg.utils import force_serializer_instance
from rest_framework.serializers import Serializer

from bikerental.claims.models import Claim
from bikerental.fleet.models import Bike, Station
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.media.constants import UPLOAD_TIME
from bikerental.rentals.models import Rental, Reservation
from bikerental.users.models import User
from bikerental.users.services import email_token_make, reset_token_make
from tests.clients import RiderClient
from tests.factories import (
    PASSWORD,
    make_bike,
    make_claim,
    make_rental,
    make_returned_rental,
    make_station,
    make_user,
)
from tests.maintenance.photos import JPEG

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class World:
    """A rider during a ride, another rider, an operator without rights and one with all, a free bike, and the rider's
    report of it and claim about an earlier ride. The rider also has a reserved bike, which the service would not
    allow during a ride."""

    rider: RiderClient
    other: RiderClient
    powerless: RiderClient
    staff: RiderClient
    station: Station
    bike: Bike
    rental: Rental
    report: BikeReport
    reservation: Reservation
    claim: Claim

    @property
    def ids(self) -> dict[str, str]:
        return {
            "bike_id": str(self.bike.pk),
            "station_id": str(self.station.pk),
            "rental_id": str(self.rental.pk),
            "report_id": str(self.report.pk),
            "reservation_id": str(self.reservation.pk),
            "claim_id": str(self.claim.pk),
            "name": "bikes/no-such-photo.webp",
            "device_id": str(self.bike.pk),
            "stop_id": str(self.station.pk),
            "filename": "2026-05.csv",
        }


def make_world() -> World:
    station = make_station()
    rider = make_user()
    bike = make_bike(station=station)
    report = BikeReport.objects.create(bike=bike, rider=rider, kind="lights")
    return World(
        rider=RiderClient(rider),
        other=RiderClient(make_user()),
        powerless=RiderClient(make_user(is_staff=True)),
        staff=RiderClient(make_user(is_staff=True, is_superuser=True)),
        station=station,
        bike=bike,
        rental=make_rental(rider=rider, started_at=timezone.now()),  # it may still be cancelled
        report=report,
        reservation=Reservation.objects.create(
            rider=rider, bike=make_bike(status="reserved"), expires_at=timezone.now() + timedelta(minutes=10)
        ),
        claim=make_claim(make_returned_rental(rider=rider)),
    )


Body = Callable[[World, RiderClient], dict[str, Any]]


class Route(NamedTuple):
    operation: str
    anonymous: int
    rider: int
    other: int
    staff: int
    body: Body | None = None

    @property
    def method(self) -> str:
        return self.operation.split()[0].lower()

    @property
    def path(self) -> str:
        return self.operation.split()[1]

    @property
    def is_open(self) -> bool:
        return self.anonymous != 401

    @property
    def declared_body(self) -> Serializer[Any]:
        """The body that the operation's own document declares."""
        method = getattr(dict(routes_of_code())[self.path].callback.cls, self.method)
        serializer: Serializer[Any] = force_serializer_instance(method._swagger_auto_schema["request_body"])
        return serializer

    def path_in(self, world: World) -> str:
        return self.path.format_map(world.ids) + QUERIES.get(self.path, "")

    def body_in(self, world: World, caller: RiderClient) -> dict[str, Any] | None:
        return self.body(world, caller) if self.body else None


def _registration(_world: World, _caller: RiderClient) -> dict[str, Any]:
    return {"name": "Newcomer", "email": f"newcomer-{User.objects.count()}@example.org", "password": PASSWORD}


def _login(_world: World, caller: RiderClient) -> dict[str, Any]:
    return {"email": caller.rider.email, "password": PASSWORD}


def _refresh(_world: World, caller: RiderClient) -> dict[str, Any]:
    return {"refresh": caller.tokens.refresh}


def _token(_world: World, caller: RiderClient) -> dict[str, Any]:
    return {"token": caller.tokens.access}


def _new_password(_world: World, _caller: RiderClient) -> dict[str, Any]:
    return {"current_password": PASSWORD, "new_password": "another-saddle-3"}


def _email(_world: World, caller: RiderClient) -> dict[str, Any]:
    return {"email": caller.rider.email}


def _confirm(_world: World, caller: RiderClient) -> dict[str, Any]:
    User.objects.filter(pk=caller.rider.pk).update(email_confirmed_at=None)
    caller.rider.refresh_from_db()
    return {"token": email_token_make(user=caller.rider, now=timezone.now())}


def _reset(_world: World, caller: RiderClient) -> dict[str, Any]:
    caller.rider.refresh_from_db()
    return {"token": reset_token_make(user=caller.rider, now=timezone.now()), "new_password": "another-saddle-3"}


def _bike(world: World, _caller: RiderClient) -> dict[str, Any]:
    return {"bike_number": world.bike.number}


def _station(world: World, _caller: RiderClient) -> dict[str, Any]:
    return {"station": str(world.station.pk)}


def _uploaded(world: World, caller: RiderClient, report: BikeReport | None = None) -> dict[str, Any]:
    """An upload of the caller's with a photo in it, even if the caller could not begin one."""
    upload = PhotoUpload.objects.create(
        bike=world.bike,
        uploader=caller.rider,
        report=report,
        key=f"uploads/{uuid4().hex}",
        expires_at=timezone.now() + UPLOAD_TIME,
    )
    default_storage.save(upload.key, ContentFile(JPEG))
    return {"upload": str(upload.pk)}


def _uploaded_for_the_report(world: World, caller: RiderClient) -> dict[str, Any]:
    # An upload of another rider for a report that is not his: the path must be refused.
    return _uploaded(world, world.rider, world.report)


# What a path needs to be answered.
QUERIES = {"/api/v1/bikes/{bike_id}/quote/": "?minutes=30"}
API, AGENCIES = "/api/v1/", "/mds/"
# fmt: off
TABLE = (
    #                                              nobody rider other staff
    Route("POST /api/v1/auth/register/",              201, 201, 201, 201, _registration),
    Route("POST /api/v1/auth/token/",                 200, 200, 200, 200, _login),
    Route("POST /api/v1/auth/token/refresh/",         200, 200, 200, 200, _refresh),
    Route("POST /api/v1/auth/token/verify/",          200, 200, 200, 200, _token),
    Route("POST /api/v1/auth/logout/",                401, 204, 204, 204, _refresh),
    Route("POST /api/v1/auth/email/confirm/",         204, 204, 204, 204, _confirm),
    Route("POST /api/v1/auth/email/resend/",          401, 202, 202, 202),
    Route("POST /api/v1/auth/password/reset/",        202, 202, 202, 202, _email),
    Route("POST /api/v1/auth/password/reset/confirm/", 204, 204, 204, 204, _reset),
    Route("GET /api/v1/me/",                          401, 200, 200, 200),
    Route("PATCH /api/v1/me/",                        401, 200, 200, 200, lambda _w, _c: {"name": "Renamed"}),
    Route("DELETE /api/v1/me/",                       401, 409, 204, 204, lambda _w, _c: {"password": PASSWORD}),
    Route("POST /api/v1/me/password/",                401, 204, 204, 204, _new_password),
    Route("GET /api/v1/me/export/",                   401, 200, 200, 200),
    Route("GET /api/v1/me/account/",                  401, 200, 200, 200),
    Route("GET /api/v1/me/account/entries/",          401, 200, 200, 200),
    Route("GET /api/v1/bikes/",                       401, 200, 200, 200),
    Route("GET /api/v1/bikes/{bike_id}/",             401, 200, 200, 200),
    Route("GET /api/v1/bikes/{bike_id}/quote/",       401, 200, 200, 200),
    Route("POST /api/v1/bikes/{bike_id}/photo/",      401, 403, 403, 201),
    Route("POST /api/v1/bikes/{bike_id}/photo/confirm/", 401, 403, 403, 202, _uploaded),
    Route("POST /api/v1/bikes/{bike_id}/reports/",    401, 200, 201, 201, lambda _w, _c: {"kind": "lights"}),
    Route("POST /api/v1/bikes/{bike_id}/reports/{report_id}/photo/", 401, 201, 404, 404),
    Route(
        "POST /api/v1/bikes/{bike_id}/reports/{report_id}/photo/confirm/", 401, 202, 404, 404, _uploaded_for_the_report
    ),
    Route("GET /api/v1/stations/",                    401, 200, 200, 200),
    Route("GET /api/v1/stations/{station_id}/",       401, 200, 200, 200),
    Route("GET /api/v1/zones/",                       401, 200, 200, 200),
    Route("POST /api/v1/rentals/",                    401, 409, 201, 201, _bike),
    Route("GET /api/v1/rentals/",                     401, 200, 200, 200),
    Route("GET /api/v1/rentals/current/",             401, 200, 404, 404),
    Route("GET /api/v1/rentals/{rental_id}/",         401, 200, 404, 404),
    Route("POST /api/v1/rentals/{rental_id}/cancel/", 401, 200, 404, 404, lambda _w, _c: {"reason": "other"}),
    Route("POST /api/v1/rentals/{rental_id}/return/", 401, 200, 404, 404, _station),
    Route("POST /api/v1/reservations/",               401, 409, 201, 201, _bike),
    Route("GET /api/v1/reservations/current/",        401, 200, 404, 404),
    Route("DELETE /api/v1/reservations/{reservation_id}/", 401, 204, 404, 404),
    Route("POST /api/v1/rentals/{rental_id}/claims/", 401, 201, 404, 404, lambda _w, _c: {"kind": "other"}),
    Route("GET /api/v1/claims/",                      401, 200, 200, 200),
    Route("GET /api/v1/claims/{claim_id}/",           401, 200, 404, 404),
    # Besides the API: the landing page and the documents are public, and the proxy keeps /metrics inside.
    Route("GET /",                                    200, 200, 200, 200),
    Route("GET /api/docs/",                           200, 200, 200, 200),
    Route("GET /api/redoc/",                          200, 200, 200, 200),
    Route("GET /api/swagger.json",                    200, 200, 200, 200),
    Route("GET /api/swagger.yaml",                    200, 200, 200, 200),
    Route("GET /health/live/",                        200, 200, 200, 200),
    Route("GET /health/ready/",                       200, 200, 200, 200),
    # Only on a developer's machine: an upload needs the signature from its form.
    Route("POST /media/",                             403, 403, 403, 403),
    Route("GET /media/{name}",                        403, 403, 403, 403),
    Route("GET /metrics",                             200, 200, 200, 200),
    # Public. There is no file of this name.
    Route("GET /gbfs/{name}",                         404, 404, 404, 404),
    # The city's view is for agencies, who have tokens of their own.
    Route("GET /mds/vehicles",                        401, 401, 401, 401),
    Route("GET /mds/vehicles/{device_id}",            401, 401, 401, 401),
    Route("GET /mds/vehicles/status",                 401, 401, 401, 401),
    Route("GET /mds/vehicles/status/{device_id}",     401, 401, 401, 401),
    Route("GET /mds/trips",                           401, 401, 401, 401),
    Route("GET /mds/events/historical",               401, 401, 401, 401),
    Route("GET /mds/events/recent",                   401, 401, 401, 401),
    Route("GET /mds/telemetry",                       401, 401, 401, 401),
    Route("GET /mds/stops",                           401, 401, 401, 401),
    Route("GET /mds/stops/{stop_id}",                 401, 401, 401, 401),
    Route("GET /mds/reports/{filename}",              401, 401, 401, 401),
    # None of our callers is SNS, whose messages are signed.
    Route("POST /hooks/sns/",                         403, 403, 403, 403),
)
# fmt: on


def routes_of_code(*, pages: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each route of the service, with its parameters in braces.

    Pages for operators are separate: `admin`, `console`.
    """
    patterns = get_resolver("config.urls").url_patterns
    for pattern in patterns:
        namespace = getattr(pattern, "namespace", None)
        if (namespace if namespace in ("admin", "console") else "") == pages:
            yield from _leaves(pattern, "/")


def _leaves(pattern: URLPattern | URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    route = prefix + str(pattern.pattern)
    if isinstance(pattern, URLPattern):
        yield _braced(route), pattern
        return
    for inner in pattern.url_patterns:
        yield from _leaves(inner, route)


def _braced(route: str) -> str:
    return (
        route.replace("<uuid:", "{")
        .replace("<path:", "{")
        .replace("<str:", "{")
        .replace("<slug:", "{")
        .replace("<", "{")
        .replace(">", "}")
    )


def operations_of_code() -> Iterator[str]:
    """The operations that `TABLE` must name: a class's own methods, and GET for a view that is a function."""
    for route, pattern in routes_of_code():
        view = getattr(pattern.callback, "view_class", None)
        is_ours = view and route.startswith(
            (API, AGENCIES, "/hooks/", "/media/")
        )  # the library has the documents' view
        methods = [name for name in METHODS if hasattr(view, name)] if is_ours else ["get"]
        for method in methods:
            yield f"{method.upper()} {route}"
