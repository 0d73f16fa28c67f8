"""`null` for an optional field means that it is absent, in every body of the API."""

from typing import Any

import pytest
from rest_framework.serializers import UUIDField

from bikerental.http.fields import Body
from tests.clients import RiderClient
from tests.factories import make_rental, make_station
from tests.security.routes import TABLE, Route, World, make_world

pytestmark = pytest.mark.django_db
BODIES = [route for route in TABLE if route.body]
FIELDS = [(route, name, field) for route in BODIES for name, field in route.declared_body.fields.items()]
IDS = [(route, name) for route, name, field in FIELDS if isinstance(field, UUIDField)]


def named(value: Any) -> str | None:
    return value.operation if isinstance(value, Route) else None


def caller_of(route: Route, world: World) -> RiderClient:
    """A caller that the route accepts."""
    callers = {world.rider: route.rider, world.other: route.other, world.staff: route.staff}
    return next(caller for caller, status in callers.items() if status < 300)


def send(route: Route, changes: dict[str, Any]) -> Any:
    """Send the table's own body with the changes."""
    world = make_world()
    caller = caller_of(route, world)
    return getattr(caller, route.method)(route.path_in(world), (route.body_in(world, caller) or {}) | changes)


@pytest.mark.parametrize("route", BODIES, ids=named)
def test_each_body_follows_the_rule(route: Route) -> None:
    assert isinstance(route.declared_body, Body)


@pytest.mark.parametrize("route", BODIES, ids=named)
def test_null_for_all_that_is_not_said_changes_nothing(route: Route) -> None:
    world = make_world()
    caller = caller_of(route, world)
    body = route.body_in(world, caller) or {}
    absent = {name: None for name, field in route.declared_body.fields.items() if not field.required}

    answer = getattr(caller, route.method)(route.path_in(world), absent | body)

    assert answer.status_code < 300, answer.content


@pytest.mark.parametrize(("route", "name", "field"), FIELDS, ids=named)
def test_null_is_refused_in_a_required_field_and_in_no_other(route: Route, name: str, field: Any) -> None:
    answer = send(route, {name: None})

    errors = answer.json()["errors"] if answer.status_code == 400 else []
    assert ((name, "null") in [(error["field"], error["code"]) for error in errors]) == field.required


@pytest.mark.parametrize("value", [True, 1, 1.5, [], {}, ["0198c3f2-0000-7000-8000-000000000000"]], ids=repr)
@pytest.mark.parametrize(("route", "name"), IDS, ids=named)
def test_an_id_is_a_text(route: Route, name: str, value: Any) -> None:
    answer = send(route, {name: value})

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(name, "invalid")]


def test_a_return_without_a_place_may_say_so_by_null(rider_client: RiderClient) -> None:
    station = make_station()
    rental = make_rental(rider=rider_client.rider, start_station=station)

    answer = rider_client.post(
        f"/api/v1/rentals/{rental.pk}/return/", {"station": None, "latitude": None, "longitude": None}
    )

    assert (answer.status_code, answer.json()["end_station"]["id"]) == (200, str(station.pk))


def test_a_position_with_a_null_station_is_accepted(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)

    answer = rider_client.post(
        f"/api/v1/rentals/{rental.pk}/return/", {"station": None, "latitude": 59.94, "longitude": 30.32}
    )

    rental.bike.refresh_from_db()
    assert (answer.status_code, rental.bike.latitude, rental.bike.longitude) == (200, 59.94, 30.32)


def test_half_a_position_with_a_null_is_refused(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)

    answer = rider_client.post(f"/api/v1/rentals/{rental.pk}/return/", {"latitude": None, "longitude": 30.32})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "latitude")


def test_a_name_of_null_stays_as_it_is(rider_client: RiderClient) -> None:
    answer = rider_client.patch("/api/v1/me/", {"name": None})

    assert (answer.status_code, answer.json()["name"]) == (200, rider_client.rider.name)


def test_with_null_and_without_it_a_body_is_the_same_to_a_key(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)
    path, key = f"/api/v1/rentals/{rental.pk}/return/", {"Idempotency-Key": "home"}
    first = rider_client.post(path, {}, headers=key)

    again = rider_client.post(path, {"station": None}, headers=key)

    assert (again.status_code, again.content, again.headers["Idempotent-Replayed"]) == (200, first.content, "true")
