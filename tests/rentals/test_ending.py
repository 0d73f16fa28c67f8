"""Operators end rides."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from bikerental.fleet.models import Bike
from bikerental.notifications.services import notifications_deliver_left_over
from bikerental.rentals.exceptions import EndTimeInvalidError
from bikerental.rentals.models import RentalEvent
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import rental_end_by_operator, rentals_settle
from bikerental.rentals.types import Place
from bikerental.users.models import User
from tests.factories import NOON, make_rental, make_station, make_user
from tests.rentals.ending import HOUR, at, end_path, left_alone

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_user(is_staff=True, is_superuser=True)


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_the_ride_ends_and_costs_as_the_operator_says(operator: User) -> None:
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


def test_the_rider_is_told_in_the_own_language(operator: User, mailoutbox: list[Any]) -> None:
    rider = make_user(language="ru")
    rental = make_rental(rider=rider)

    rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="Нашли у вокзала", now=NOON + HOUR)
    notifications_deliver_left_over(now=timezone.now() + timedelta(minutes=1))

    (mail,) = mailoutbox
    assert mail.to == [rider.email]
    assert mail.subject == "Мы завершили вашу поездку"
    assert "Причина: Нашли у вокзала" in mail.body
    assert rental.bike.number in mail.body


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


def test_a_ride_that_has_ended_has_no_such_page(browser: Client) -> None:
    rental = make_rental(ended_at=NOON + HOUR)

    answer = browser.get(end_path(rental), follow=True)

    assertContains(answer, "This ride has ended already.")


def test_reconciling_finds_a_ride_of_an_account_closed_by_hand() -> None:
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


def test_the_page_speaks_of_one_clock(browser: Client) -> None:
    page = browser.get(end_path(make_rental(started_at=NOON)))

    assertContains(page, "since June 15, 2026, 3 p.m.")
    assert "p.m.." not in page.content.decode()
    assertContains(page, "api/admin_times.css")
