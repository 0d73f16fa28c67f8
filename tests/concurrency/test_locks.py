"""Each lock of the house in an order that only the lock makes safe. Without it the second does not
wait (or, where locks are skipped, does not keep away), and its test fails."""

import pytest

from bikerental.fleet.models import Bike, BikeReport
from bikerental.fleet.services import bike_report_create, bike_send_to_maintenance, bikes_set_tariff
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import (
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_check_overdue,
    rentals_settle,
    rider_close,
)
from bikerental.rentals.types import Place
from bikerental.users.models import User
from bikerental.users.services import accounts_close, accounts_reopen
from tests.concurrency.interleaving import interleave
from tests.factories import (
    NOON,
    PASSWORD,
    make_bike,
    make_rental,
    make_returned_rental,
    make_station,
    make_tariff,
    make_user,
)

pytestmark = pytest.mark.django_db(transaction=True)

USER_FOR_RENT = "bikerental.rentals.services.rides.open_user_lock"
USER_FOR_ERASURE = "bikerental.rentals.services.riders.user_lock"
USERS = "bikerental.users.services.accounts.users_lock"
BIKE = "bikerental.fleet.services.bikes.bike_lock_for_rental"
BIKES = "bikerental.fleet.services.bikes.bikes_lock"
RENTAL = "bikerental.rentals.services.rides.rental_lock"
RETURNED = "bikerental.rentals.services.settling.returned_rentals_lock"
REPORTED = "bikerental.fleet.services.reports.bikes_lock"
OPEN = "bikerental.rentals.services.overdue.open_rentals_lock"


def close(rider: object) -> None:
    rider_close(rider=rider, password=PASSWORD, address="192.0.2.10", now=NOON)


def test_closing_an_account_waits_for_the_rent_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()

    outcome = interleave(
        monkeypatch,
        USER_FOR_RENT,
        first=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON).status,
        second=lambda: close(rider),
    )

    assert outcome == ("active", "RentalInProgressError", True)
    rider.refresh_from_db()
    assert rider.is_active


def test_a_rent_waits_for_the_closing_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()

    outcome = interleave(
        monkeypatch,
        USER_FOR_ERASURE,
        first=lambda: close(rider),
        second=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON),
    )

    assert outcome == (None, "AccountClosedError", True)
    assert not Rental.objects.exists()


def test_closing_and_reopening_accounts_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()

    outcome = interleave(
        monkeypatch,
        USERS,
        first=lambda: accounts_close(user_ids=[user.pk], now=NOON),
        second=lambda: accounts_reopen(user_ids=[user.pk]),
    )

    assert outcome == ([user.pk], [user.pk], True)


def test_a_rent_waits_for_the_rent_of_the_same_bike(monkeypatch: pytest.MonkeyPatch) -> None:
    bike, riders = make_bike(), [make_user(), make_user()]

    outcome = interleave(
        monkeypatch,
        BIKE,
        first=lambda: rental_start(rider_id=riders[0].pk, bike_id=bike.pk, now=NOON).status,
        second=lambda: rental_start(rider_id=riders[1].pk, bike_id=bike.pk, now=NOON),
    )

    assert outcome == ("active", "BikeUnavailableError", True)


def test_maintenance_waits_for_the_rent_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()

    outcome = interleave(
        monkeypatch,
        BIKE,
        first=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON).status,
        second=lambda: bike_send_to_maintenance(bike_id=bike.pk),
    )

    assert outcome == ("active", "BikeUnavailableError", True)


def test_a_rent_waits_for_the_maintenance_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()

    outcome = interleave(
        monkeypatch,
        BIKES,
        first=lambda: bike_send_to_maintenance(bike_id=bike.pk),
        second=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON),
    )

    assert outcome == (None, "BikeUnavailableError", True)


def test_a_rent_waits_for_its_bikes_new_tariff(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike, tariff = make_user(), make_bike(), make_tariff(name="Night")

    outcome = interleave(
        monkeypatch,
        BIKES,
        first=lambda: bikes_set_tariff(bike_ids=[bike.pk], tariff_id=tariff.pk),
        second=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON).status,
    )

    assert outcome == (1, "active", True)
    assert Rental.objects.get().tariff_id == tariff.pk


def test_a_rent_that_waited_for_a_return_starts_where_the_bike_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, rider, station = make_rental(), make_user(), make_station()
    place = Place(station_id=station.pk)

    outcome = interleave(
        monkeypatch,
        "bikerental.rentals.services.rides.rental_write_end",  # by then the bike is released
        first=lambda: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=place, now=NOON).status,
        second=lambda: rental_start(rider_id=rider.pk, bike_id=rental.bike_id, now=NOON).start_station_name,
    )

    assert outcome == ("returned", station.name, True)


def test_a_return_waits_for_the_return_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_rental()
    give_back = {"rental_id": rental.pk, "rider_id": rental.rider_id, "place": None, "now": NOON}

    outcome = interleave(
        monkeypatch,
        RENTAL,
        first=lambda: rental_return(**give_back).status,
        second=lambda: rental_return(**give_back),
    )

    assert outcome == ("returned", "RentalNotActiveError", True)
    assert RentalEvent.objects.count() == 1


def test_an_operators_end_waits_for_the_riders_return(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, operator = make_rental(), make_user(is_staff=True)

    outcome = interleave(
        monkeypatch,
        RENTAL,
        first=lambda: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON).status,
        second=lambda: rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="lost", now=NOON),
    )

    assert outcome == ("returned", "RentalNotActiveError", True)


def test_a_second_worker_leaves_a_ride_that_is_being_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_returned_rental()

    outcome = interleave(
        monkeypatch,
        RETURNED,
        first=lambda: rentals_settle(rental_ids=[rental.pk], now=NOON),
        second=lambda: rentals_settle(rental_ids=[rental.pk], now=NOON),
    )

    assert outcome == (1, 0, False)
    assert Notification.objects.count() == 1


def test_a_second_check_leaves_a_ride_that_is_being_told_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    make_rental(overdue_after_minutes=0, started_at=NOON.replace(hour=10))

    outcome = interleave(
        monkeypatch,
        OPEN,
        first=lambda: rentals_check_overdue(now=NOON),
        second=lambda: rentals_check_overdue(now=NOON),
    )

    assert outcome == (1, 0, False)
    assert RentalEvent.objects.filter(kind="overdue").count() == 1


def test_a_return_waits_for_the_overdue_check(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_rental(overdue_after_minutes=0, started_at=NOON.replace(hour=10))

    outcome = interleave(
        monkeypatch,
        OPEN,
        first=lambda: rentals_check_overdue(now=NOON),
        second=lambda: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON).status,
    )

    assert outcome == (1, "returned", True)
    rental.refresh_from_db()
    assert (rental.status, rental.overdue_at) == ("returned", NOON)


def test_of_two_reports_at_once_the_second_counts_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    bike, riders = make_bike(), [make_user(), make_user()]

    def report(rider: User) -> bool:
        report_of = {"bike_id": bike.pk, "rider_id": rider.pk, "kind": "brakes", "text": ""}
        return bike_report_create(**report_of, counts=True, now=NOON).is_new

    outcome = interleave(monkeypatch, REPORTED, first=lambda: report(riders[0]), second=lambda: report(riders[1]))

    assert outcome == (True, True, True)
    assert (Bike.objects.get().status, BikeReport.objects.count()) == ("maintenance", 2)
