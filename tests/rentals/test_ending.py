"""What operators do to a ride, and to the account of who rides."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from bikerental.core.errors import Refusal
from bikerental.fleet.models import Bike
from bikerental.rentals.exceptions import EndTimeInvalidError
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import (
    account_close_with_ride,
    accounts_close_unless_riding,
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_settle,
)
from bikerental.rentals.types import OperatorsEnd, Place
from bikerental.users.models import Session, User
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_rental, make_station, make_user
from tests.users.racing import race

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def operator() -> User:
    return make_user(is_staff=True, is_superuser=True)


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def end_path(rental: Rental) -> str:
    return reverse("admin:rentals_rental_end", args=[rental.pk])


def close_path(rider: User) -> str:
    return reverse("admin:users_user_close", args=[rider.pk])


def close(browser: Client, *riders: User) -> Any:
    body = {"action": "close_accounts", "_selected_action": [str(rider.pk) for rider in riders]}
    return browser.post(reverse("admin:users_user_changelist"), body, follow=True)


def at(moment: datetime) -> dict[str, str]:
    """As the form takes it: in the city's time."""
    moment = moment.astimezone(ZoneInfo(settings.CITY_TIME_ZONE))
    return {"ended_at_0": f"{moment:%Y-%m-%d}", "ended_at_1": f"{moment:%H:%M:%S}"}


def left_alone(rental: Rental) -> bool:
    rental.refresh_from_db()
    rental.bike.refresh_from_db()
    return (rental.status, rental.ended_at, rental.bike.status) == ("active", None, "rented")


def test_the_ride_ends_when_and_where_the_operator_says_and_costs_that(operator: User) -> None:
    rental, station = make_rental(), make_station(latitude=59.9, longitude=30.4)

    rental_end_by_operator(
        rental_id=rental.pk,
        operator=operator,
        reason="found locked",
        place=Place(station_id=station.pk),
        ended_at=NOON + timedelta(minutes=19),
        now=NOON + HOUR,
    )
    rentals_settle(rental_ids=[rental.pk], now=NOON + HOUR)

    rental.refresh_from_db()
    assert (rental.ended_at, rental.end_station) == (NOON + timedelta(minutes=19), station)
    assert rental.cost_amount == Decimal("145.00")
    event = rental.events.get(kind="ended_by_operator")
    assert (event.actor, event.reason, event.happened_at) == (operator, "found locked", NOON + HOUR)
    bike = Bike.objects.get(pk=rental.bike_id)
    assert (bike.status, bike.station, bike.latitude, bike.longitude) == ("available", station, 59.9, 30.4)


def test_the_start_as_people_see_it_is_the_start(operator: User) -> None:
    rental = make_rental(started_at=NOON + timedelta(seconds=59, microseconds=7))

    rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="no ride", ended_at=NOON, now=NOON + HOUR)

    rental.refresh_from_db()
    assert rental.ended_at == rental.started_at


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ended_at", [NOON - timedelta(seconds=1), NOON + HOUR + timedelta(microseconds=1)])
def test_an_end_before_the_start_or_after_now_is_refused(operator: User, ended_at: datetime) -> None:
    rental = make_rental()

    with pytest.raises(EndTimeInvalidError):
        rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="x", ended_at=ended_at, now=NOON + HOUR)

    assert left_alone(rental)


@pytest.mark.parametrize(
    ("place", "stands_at"),
    [
        ({"place": "taken"}, (None, 59.93, 30.31)),
        ({"place": "point", "latitude": "59.95", "longitude": "30.35"}, (None, 59.95, 30.35)),
        ({"place": "station"}, ("Dock", 59.9, 30.4)),
    ],
)
def test_the_page_takes_a_place_a_time_and_a_reason(
    browser: Client, operator: User, place: dict[str, str], stands_at: tuple[Any, ...]
) -> None:
    rental, station = make_rental(), make_station(name="Dock", latitude=59.9, longitude=30.4)
    if place["place"] == "station":
        place = place | {"station": str(station.pk)}

    answer = browser.post(end_path(rental), place | at(NOON + HOUR) | {"reason": "lost"})

    assert answer.status_code == 302
    rental.refresh_from_db()
    assert (rental.status, rental.ended_at) == ("returned", NOON + HOUR)
    bike = Bike.objects.get(pk=rental.bike_id)
    assert (bike.station and bike.station.name, bike.latitude, bike.longitude) == stands_at
    assert RentalEvent.objects.get(rental=rental, kind="ended_by_operator").actor == operator


def test_without_a_time_the_ride_ends_now(browser: Client) -> None:
    rental = make_rental(started_at=timezone.now() - HOUR)

    browser.post(end_path(rental), {"place": "taken", "reason": "lost"})

    rental.refresh_from_db()
    assert rental.ended_at is not None
    assert timezone.now() - rental.ended_at < timedelta(minutes=1)


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


def test_a_ride_that_has_ended_has_no_such_page(browser: Client) -> None:
    rental = make_rental(ended_at=NOON + HOUR)

    answer = browser.get(end_path(rental), follow=True)

    assertContains(answer, "This ride has ended already.")


def test_a_rider_who_rides_keeps_the_account_and_the_others_lose_theirs(browser: Client) -> None:
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
    assert LogEntry.objects.get().object_id == str(rider.rider.pk)


def test_a_ride_that_ended_meanwhile_does_not_keep_the_account_open(browser: Client) -> None:
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


def test_an_operator_closes_neither_operators_nor_the_own_account(browser: Client, operator: User) -> None:
    helper = make_user(is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "change_rental"]))
    helpers_browser = Client()
    helpers_browser.force_login(helper)

    assert helpers_browser.post(close_path(operator), {}).status_code == 403
    assert browser.post(close_path(operator), {}).status_code == 403
    assert not User.objects.filter(is_active=False).exists()


def test_reconciling_finds_a_ride_whose_account_was_closed_by_hand() -> None:
    rental = make_rental(started_at=timezone.now())
    window = Window(now=timezone.now())
    assert [finding.check for finding in reconcile(window) if finding.rows] == []

    User.objects.filter(pk=rental.rider_id).update(is_active=False)

    assert [finding.check for finding in reconcile(window) if finding.rows] == ["rides_of_closed_accounts"]


def test_an_end_of_long_ago_is_not_late_at_once(operator: User) -> None:
    rental = make_rental()
    now = NOON + 9 * HOUR
    rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="x", ended_at=NOON + HOUR, now=now)

    def late(minutes: int) -> bool:
        findings = reconcile(Window(now=now + timedelta(minutes=minutes)))
        return "rides_unsettled" in {finding.check for finding in findings if finding.rows}

    assert (late(0), late(2)) == (False, True)


def outcome_of(run: Callable[[], Any]) -> Any:
    """What it returned, of a ride the state; the code of a refusal."""
    try:
        result = run()
    except Refusal as refusal:
        return refusal.code
    return getattr(result, "status", result)


def race_both(*runs: Callable[[], Any]) -> list[Any]:
    return race(lambda number: outcome_of(runs[number]), times=2)


@pytest.mark.django_db(transaction=True)
def test_a_rider_who_returns_while_the_account_closes_ends_the_ride_once() -> None:
    operator, end = make_user(is_staff=True), OperatorsEnd("x")
    for _ in range(5):
        rental = make_rental()
        rider_id: Any = rental.rider_id

        returned, closed = race_both(
            partial(rental_return, rental_id=rental.pk, rider_id=rider_id, place=None, now=NOON + HOUR),
            partial(account_close_with_ride, user_id=rider_id, operator=operator, end=end, now=NOON + HOUR),
        )

        assert returned in {"returned", "rental_not_active"}
        assert closed is True
        assert rental.events.filter(kind__in=["returned", "ended_by_operator"]).count() == 1
        assert not User.objects.get(pk=rider_id).is_active


@pytest.mark.django_db(transaction=True)
def test_a_ride_that_starts_while_the_account_closes_comes_first_or_not_at_all() -> None:
    for _ in range(5):
        rider, bike = make_user(), make_bike()

        started, closed = race_both(
            partial(rental_start, rider_id=rider.pk, bike_id=bike.pk, now=NOON),
            partial(accounts_close_unless_riding, user_ids=[rider.pk], now=NOON),
        )

        assert (started, closed) in (
            ("active", ([], [rider.pk])),
            ("token_invalid", ([rider.pk], [])),
        )
        assert Rental.objects.filter(rider=rider).exists() == User.objects.get(pk=rider.pk).is_active


def test_the_page_ends_its_sentence_once_and_speaks_of_no_other_clock(browser: Client) -> None:
    page = browser.get(end_path(make_rental(started_at=NOON)))

    assertContains(page, "since June 15, 2026, 3 p.m.")
    assert "p.m.." not in page.content.decode()
    assertContains(page, "api/admin_times.css")
