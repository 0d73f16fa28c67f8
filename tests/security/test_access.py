"""Who may do what: the API by the table in `routes.py`, the admin by its own routes."""

from collections import Counter

import pytest
from django.db import transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.clients import RiderClient
from tests.feeds.agency import AgencyClient
from tests.security.routes import AGENCIES, TABLE, Route, World, make_world, operations_of_code
from tests.security.tokens import BAD_TOKENS

pytestmark = pytest.mark.django_db
by_operation = pytest.mark.parametrize("route", TABLE, ids=lambda route: route.operation)


@pytest.fixture
def world() -> World:
    return make_world()


def status_of(route: Route, world: World, client: APIClient, caller: RiderClient) -> int:
    """The status of the request. Its effects are rolled back."""
    body = route.body_in(world, caller)
    with transaction.atomic():
        answer = getattr(client, route.method)(route.path_in(world), body)
        transaction.set_rollback(True)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    return int(answer.status_code)


def test_each_route_is_in_the_table_once() -> None:
    assert Counter(operations_of_code()) == Counter(route.operation for route in TABLE)


@by_operation
def test_each_caller_is_answered_by_the_table(route: Route, world: World) -> None:
    answered = Route(
        route.operation,
        anonymous=status_of(route, world, APIClient(), world.rider),
        rider=status_of(route, world, world.rider, world.rider),
        other=status_of(route, world, world.other, world.other),
        staff=status_of(route, world, world.staff, world.staff),
        body=route.body,
    )

    assert answered == route


@by_operation
def test_an_operator_without_rights_is_any_rider(route: Route, world: World) -> None:
    assert status_of(route, world, world.powerless, world.powerless) == route.other


@by_operation
def test_an_operator_without_a_code_has_riders_rights(route: Route, world: World, settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = True

    assert status_of(route, world, world.staff, world.staff) == route.other


@by_operation
@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_token_that_is_not_good_makes_nobody_of_its_bearer(route: Route, kind: str, world: World) -> None:
    bearer = APIClient()
    # The objects in the path are the rider's, so only the token can be the reason for a refusal.
    bearer.credentials(HTTP_AUTHORIZATION=f"Bearer {BAD_TOKENS[kind](world.rider)}")

    # The body of an open route is valid, so the header alone is tested.
    assert status_of(route, world, bearer, world.other) == route.anonymous


@by_operation
def test_a_method_that_is_not_in_the_table_is_refused(route: Route, world: World) -> None:
    known = {each.method for each in TABLE if each.path == route.path}
    caller = AgencyClient() if route.path.startswith(AGENCIES) else world.staff
    for method in {"get", "post", "put", "patch", "delete"} - known:
        answer = getattr(caller, method)(route.path_in(world), {})
        assert answer.status_code == 405, method


def test_an_operators_session_in_the_admin_is_no_token(world: World) -> None:
    browser = APIClient()
    browser.force_login(world.staff.rider)

    assert browser.get("/api/v1/me/").status_code == 401
