"""Who may open what in the console, by the table in `console.py`."""

from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.console.conftest import browser_of
from tests.factories import make_bike, make_claim, make_station, make_user
from tests.security.console import METHODS, OPEN, ROLES, TABLE, Page, operations_of_code
from tests.zones.drawing import make_zone

pytestmark = pytest.mark.django_db
by_page = pytest.mark.parametrize("page", TABLE, ids=lambda page: page.operation)


@pytest.fixture
def ids() -> dict[str, Any]:
    claim = make_claim()
    return {
        "rider_id": claim.rider_id,
        "user_id": make_user(is_staff=True).pk,
        "rental_id": claim.rental_id,
        "claim_id": claim.pk,
        "bike_id": make_bike().pk,
        "station_id": make_station().pk,
        "zone_id": make_zone().pk,
        "state": "now",
        "lack": "empty",
        "currency": "RUB",
        "table": "stations",
    }


def status_of(page: Page, client: Client, ids: dict[str, Any], method: str = "") -> int:
    """The status of the request. Its effects are rolled back."""
    with transaction.atomic():
        answer = getattr(client, method or page.method)(page.path.format_map(ids))
        transaction.set_rollback(True)
    return int(answer.status_code)


def test_each_page_is_in_the_table_once() -> None:
    assert Counter(operations_of_code()) == Counter([*(page.operation for page in TABLE), *OPEN])


@by_page
def test_each_role_is_answered_by_the_table(page: Page, ids: dict[str, Any]) -> None:
    answered = {role: status_of(page, browser_of(role), ids) for role in ROLES}

    assert page._replace(**answered) == page


@by_page
def test_nobody_else_gets_in(page: Page, ids: dict[str, Any]) -> None:
    rider = Client()
    rider.force_login(make_user())

    assert [status_of(page, client, ids) for client in (Client(), rider, browser_of())] == [
        page.stranger, page.stranger, 403,
    ]  # fmt: skip


@by_page
def test_a_method_that_is_not_in_the_table_is_refused(page: Page, ids: dict[str, Any]) -> None:
    known = {each.method for each in TABLE if each.path == page.path}
    manager = browser_of("manager")

    assert {status_of(page, manager, ids, method) for method in set(METHODS) - known} == {405}


def test_a_form_without_its_token_is_refused(ids: dict[str, Any]) -> None:
    manager = browser_of("manager")
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(manager.operator)

    for page in TABLE:
        if page.method == "post":
            assert careful.post(page.path.format_map(ids)).status_code == 403
