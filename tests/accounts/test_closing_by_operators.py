"""Operators close a rider's account, which needs the rider's ride to end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from bikerental.accounts.services import account_close_with_ride, accounts_close_unless_riding
from bikerental.fleet.models import Bike
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_return, rental_start
from bikerental.rentals.types import RideEnd
from bikerental.users.models import Session, User
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_rental, make_user
from tests.rentals.ending import HOUR, at, end_path, left_alone
from tests.support.interleaving import interleave

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_user(is_staff=True, is_superuser=True)


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def close_path(rider: User) -> str:
    return reverse("admin:users_user_close", args=[rider.pk])


def close(browser: Client, *riders: User) -> Any:
    body = {"action": "close_accounts", "_selected_action": [str(rider.pk) for rider in riders]}
    return browser.post(reverse("admin:users_user_changelist"), body, follow=True)


each_page = pytest.mark.parametrize("path_of", [end_path, lambda rental: close_path(rental.rider)])


@pytest.mark.parametrize(
    "body",
    [
        {"place": "taken"},
        {"reason": "lost"},
        {"place": "station", "reason": "lost"},
        {"place": "point", "latitude": "59.9", "reason": "lost"},
        {"place": "point", "latitude": "91", "longitude": "30", "reason": "lost"},
        {"place": "point", "latitude": "nan", "longitude": "30", "reason": "lost"},
    ],
)
@each_page
def test_half_an_answer_ends_nothing(browser: Client, body: dict[str, str], path_of: Any) -> None:
    rental = make_rental()

    answer = browser.post(path_of(rental), body)

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert left_alone(rental)
    assert User.objects.get(pk=rental.rider_id).is_active


@pytest.mark.django_db(transaction=True)
@each_page
@pytest.mark.parametrize("ended_at", [NOON - HOUR, NOON + timedelta(days=36_500)])
def test_a_time_that_will_not_do_is_said_at_its_field(browser: Client, ended_at: datetime, path_of: Any) -> None:
    rental = make_rental()

    answer = browser.post(path_of(rental), {"place": "taken", "reason": "lost"} | at(ended_at))

    assert answer.context["form"].errors == {"ended_at": ["A ride ends between its start and now."]}
    assert left_alone(rental)
    assert User.objects.get(pk=rental.rider_id).is_active


def test_closing_accounts_skips_riders_who_are_riding(browser: Client) -> None:
    rider, other = make_user(), make_user()
    rental = make_rental(rider=rider)
    Session.objects.create(user=rental.rider, refresh_id=rental.pk, refreshed_at=NOON, expires_at=timezone.now() + HOUR)

    answer = close(browser, rider, other)

    assertContains(answer, f"1 account stays open: the rider is riding. {rider.email}: ")
    assertContains(answer, reverse("admin:rentals_rental_change", args=[rental.pk]))
    assertContains(answer, close_path(rider))
    assert set(User.objects.filter(is_active=False)) == {other}
    assert not Session.objects.exclude(ended_at=None).exists()
    assert left_alone(rental)


def test_the_account_closes_with_its_ride(browser: Client, operator: User) -> None:
    rider = RiderClient(make_user())
    rental = make_rental(rider=rider.rider)

    answer = browser.post(
        close_path(rider.rider), {"place": "taken", "reason": "asked by telephone"} | at(NOON + HOUR), follow=True
    )

    assertContains(answer, "1 account changed.")
    rental.refresh_from_db()
    assert (rental.status, rental.ended_at) == ("returned", NOON + HOUR)
    assert Bike.objects.get(pk=rental.bike_id).status == "available"
    assert rider.get("/api/v1/me/").status_code == 401
    event = rental.events.get(kind="ended_by_operator")
    assert (event.actor, event.reason) == (operator, "asked by telephone")
    assert {entry.object_id for entry in LogEntry.objects.all()} == {str(rider.rider.pk), str(rental.pk)}


def test_a_ride_that_ended_meanwhile_keeps_no_account_open(browser: Client) -> None:
    rider = make_user()

    assertContains(browser.get(close_path(rider), follow=True), "This rider is not riding")
    browser.post(close_path(rider), {"place": "taken", "reason": "x"})

    rider.refresh_from_db()
    assert not rider.is_active


@pytest.mark.parametrize("rights", [["change_user"], ["change_rental"], ["view_user", "view_rental"]])
def test_both_rights_are_needed(rights: list[str]) -> None:
    helper = make_user(is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=rights))
    browser, rental = Client(), make_rental()
    browser.force_login(helper)

    answer = browser.post(close_path(rental.rider), {"place": "taken", "reason": "x"})

    assert answer.status_code == 403
    assert left_alone(rental)


def test_an_operator_closes_no_operator_and_not_themselves(browser: Client, operator: User) -> None:
    helper = make_user(is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "change_rental"]))
    helpers_browser = Client()
    helpers_browser.force_login(helper)

    assert helpers_browser.post(close_path(operator), {}).status_code == 403
    assert browser.post(close_path(operator), {}).status_code == 403
    assert not User.objects.filter(is_active=False).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("returns_first", [True, False])
def test_a_return_while_the_account_closes_ends_the_ride_once(
    monkeypatch: pytest.MonkeyPatch, returns_first: bool
) -> None:
    rental, operator = make_rental(), make_user(is_staff=True)
    rider_id: Any = rental.rider_id

    def give_back() -> str:
        return rental_return(rental_id=rental.pk, rider_id=rider_id, place=None, now=NOON + HOUR).status

    def close_account() -> bool:
        return account_close_with_ride(user_id=rider_id, operator=operator, end=RideEnd("x"), now=NOON + HOUR)

    if returns_first:
        lock = "bikerental.rentals.services.rides.rental_lock"
        assert interleave(monkeypatch, lock, first=give_back, second=close_account) == ("returned", True, True)
    else:
        lock = "bikerental.accounts.services.rental_lock"
        outcome = interleave(monkeypatch, lock, first=close_account, second=give_back)
        assert outcome == (True, "RentalNotActiveError", True)

    assert rental.events.filter(kind__in=["returned", "ended_by_operator"]).count() == 1
    assert not User.objects.get(pk=rider_id).is_active


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("starts_first", [True, False])
def test_a_ride_that_starts_during_closing_is_first_or_refused(
    monkeypatch: pytest.MonkeyPatch, starts_first: bool
) -> None:
    rider, bike, operator = make_user(), make_bike(), make_user(is_staff=True)

    def start() -> str:
        return rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON).status

    def close_account() -> tuple[list[UUID], list[UUID]]:
        return accounts_close_unless_riding(user_ids=[rider.pk], operator_id=operator.pk, now=NOON)

    if starts_first:
        lock = "bikerental.rentals.services.taking.open_user_lock"
        outcome = interleave(monkeypatch, lock, first=start, second=close_account)
        assert outcome == ("active", ([], [rider.pk]), True)
    else:
        lock = "bikerental.accounts.services.users_lock"
        outcome = interleave(monkeypatch, lock, first=close_account, second=start)
        assert outcome == (([rider.pk], []), "AccountClosedError", True)

    assert Rental.objects.filter(rider=rider).exists() == User.objects.get(pk=rider.pk).is_active == starts_first
