"""Each lock, in an order that only the lock makes safe.

Without the lock the second transaction does not wait (or, if locks are skipped, does not skip the row), and the test
fails.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction

from bikerental.accounts.services import account_close_with_ride, account_erase
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike
from bikerental.fleet.services import bikes_send_to_maintenance, bikes_set_tariff
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.services import bike_report_create
from bikerental.maintenance.services.publishing import _show
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notification_create
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import (
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_check_overdue,
    rentals_forget,
    rentals_settle,
    reservation_start,
)
from bikerental.rentals.types import Place, RideEnd
from bikerental.users.locks import users_lock
from bikerental.users.models import GuessCounter, Session, User
from bikerental.users.services import (
    accounts_close,
    accounts_reopen,
    password_reset_confirm,
    reset_token_make,
    session_start,
)
from bikerental.users.services.guessing import guess_admit, guess_succeeded
from tests.factories import (
    NOON,
    PASSWORD,
    make_bike,
    make_model,
    make_rental,
    make_returned_rental,
    make_station,
    make_tariff,
    make_user,
)
from tests.support.interleaving import WAIT_SECONDS, Runner, interleave, until_it_waits

pytestmark = pytest.mark.django_db(transaction=True)

USER_FOR_RENT = "bikerental.rentals.services.taking.open_user_lock"
USER_FOR_ERASURE = "bikerental.accounts.services.user_lock"
USER_FOR_RESET = "bikerental.users.services.resetting.user_lock"
USERS = "bikerental.users.services.accounts.users_lock"
BIKE = "bikerental.rentals.services.taking.bikes_to_rent_lock"
BIKES = "bikerental.fleet.services.bikes.bikes_lock"
CHANGED = "tests.concurrency.test_locks.bikes_lock"
RENTAL = "bikerental.rentals.services.rides.rental_lock"
RETURNED = "bikerental.rentals.services.settling.returned_rentals_lock"
REPORTED = "bikerental.maintenance.services.reports.bikes_lock"
FORGOTTEN = "bikerental.rentals.services.forgetting.rentals_with_rider_lock"
PUBLISHED = "bikerental.maintenance.services.publishing.bikes_lock"
OPEN = "bikerental.rentals.services.overdue.active_rentals_lock"


def make_upload(bike: Bike, **fields: Any) -> PhotoUpload:
    values = {"state": "confirmed", "expires_at": NOON, "key": str(fields)}
    return PhotoUpload.objects.create(bike=bike, uploader=make_user(), **values | fields)


def lock_bikes(keys: list[UUID]) -> None:
    with transaction.atomic():
        bikes_lock(bike_ids=keys)


def lock_users(keys: list[UUID]) -> None:
    with transaction.atomic():
        users_lock(user_ids=keys)


def close(rider: object) -> None:
    account_erase(rider=rider, password=PASSWORD, address="192.0.2.10", now=NOON)


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


def test_a_rent_by_number_waits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    riders, bike = [make_user(), make_user()], make_bike()

    outcome = interleave(
        monkeypatch,
        BIKE,
        first=lambda: rental_start(rider_id=riders[0].pk, bike_number=bike.number, now=NOON).status,
        second=lambda: rental_start(rider_id=riders[1].pk, bike_number=bike.number, now=NOON),
    )

    assert outcome == ("active", "BikeUnavailableError", True)


def send_to_maintenance(bike: Bike) -> int:
    return bikes_send_to_maintenance(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)


def test_maintenance_waits_for_the_rent_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()

    outcome = interleave(
        monkeypatch,
        BIKE,
        first=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON).status,
        second=lambda: send_to_maintenance(bike),
    )

    assert outcome == ("active", 0, True)


def test_a_rent_waits_for_the_maintenance_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()

    outcome = interleave(
        monkeypatch,
        "bikerental.fleet.services.moving.bikes_lock",
        first=lambda: send_to_maintenance(bike),
        second=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON),
    )

    assert outcome == (1, "BikeUnavailableError", True)


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


def set_on(bike: Bike, **fields: Any) -> int:
    """An operator's change of a bike, in the admin or by a file."""
    with transaction.atomic():
        bikes_lock(bike_ids=[bike.pk])
        return Bike.objects.filter(pk=bike.pk).update(**fields)


def test_a_return_waits_for_its_bikes_new_model(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, model = make_rental(), make_model(name="Cargo")

    outcome = interleave(
        monkeypatch,
        CHANGED,
        first=lambda: set_on(rental.bike, model=model),
        second=lambda: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON).model.name,
    )

    assert outcome == (1, "Cargo", True)


def test_an_account_closes_with_the_ride_of_a_bike_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, operator, model = make_rental(), make_user(is_staff=True), make_model()

    outcome = interleave(
        monkeypatch,
        CHANGED,
        first=lambda: set_on(rental.bike, model=model),
        second=lambda: account_close_with_ride(
            user_id=rental.rider_id, operator=operator, end=RideEnd("moved away"), now=NOON
        ),
    )

    rental.refresh_from_db()
    assert (outcome, rental.status) == ((1, True, True), "returned")


def test_a_rent_ends_the_hold_of_a_bike_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, held, wanted, tariff = make_user(), make_bike(), make_bike(), make_tariff()
    reservation_start(rider_id=rider.pk, bike_id=held.pk, now=NOON)

    outcome = interleave(
        monkeypatch,
        CHANGED,
        first=lambda: set_on(held, tariff=tariff),
        second=lambda: rental_start(rider_id=rider.pk, bike_id=wanted.pk, now=NOON).status,
    )

    held.refresh_from_db()
    assert (outcome, held.status) == ((1, "active", True), "available")


def test_a_rent_after_a_return_starts_where_the_bike_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, rider, station = make_rental(), make_user(), make_station()
    place = Place(station_id=station.pk)

    outcome = interleave(
        monkeypatch,
        "bikerental.rentals.services.rides.rental_write_end",  # the bike is released at this point
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


def test_a_new_tariff_waits_for_the_return_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, tariff = make_rental(), make_tariff()

    outcome = interleave(
        monkeypatch,
        RENTAL,
        first=lambda: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON).status,
        second=lambda: bikes_set_tariff(bike_ids=[rental.bike_id], tariff_id=tariff.pk),
    )

    assert outcome == ("returned", 1, True)


def test_an_operators_end_waits_for_the_riders_return(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, operator = make_rental(), make_user(is_staff=True)

    outcome = interleave(
        monkeypatch,
        RENTAL,
        first=lambda: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON).status,
        second=lambda: rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="lost", now=NOON),
    )

    assert outcome == ("returned", "RentalNotActiveError", True)


def test_an_account_that_closes_waits_for_its_riders_return(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, operator = make_rental(), make_user(is_staff=True)
    rider_id: Any = rental.rider_id

    outcome = interleave(
        monkeypatch,
        RENTAL,
        first=lambda: rental_return(rental_id=rental.pk, rider_id=rider_id, place=None, now=NOON).status,
        second=lambda: account_close_with_ride(user_id=rider_id, operator=operator, end=RideEnd("x"), now=NOON),
    )

    assert outcome == ("returned", True, True)
    assert RentalEvent.objects.get().kind == "returned"


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


def test_a_second_check_skips_a_ride_that_is_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_second_of_two_reports_at_once_counts_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    bike, riders = make_bike(), [make_user(), make_user()]

    def report(rider: User) -> bool:
        report_of = {"bike_id": bike.pk, "rider_id": rider.pk, "kind": "brakes", "text": ""}
        return bike_report_create(**report_of, counts=True, now=NOON).is_new

    outcome = interleave(monkeypatch, REPORTED, first=lambda: report(riders[0]), second=lambda: report(riders[1]))

    assert outcome == (True, True, True)
    assert (Bike.objects.get().status, BikeReport.objects.count()) == ("maintenance", 2)


def test_a_second_photo_waits_until_the_first_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    bike = make_bike()
    uploads = [make_upload(bike, confirmed_at=NOON + timedelta(minutes=minutes)) for minutes in range(2)]

    outcome = interleave(
        monkeypatch,
        PUBLISHED,
        first=lambda: _show(uploads[0], "bikes/first.webp", NOON),
        second=lambda: _show(uploads[1], "bikes/second.webp", NOON),
    )

    assert outcome == ("published", "published", True)
    assert Bike.objects.get().photo == "bikes/second.webp"


def test_a_second_forgetting_skips_what_the_first_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = {"status": "settled", "settled_at": NOON, "cost_amount": 1, "cost_lines": []}
    make_returned_rental(**cost)
    later = NOON + timedelta(days=9999)

    outcome = interleave(
        monkeypatch,
        FORGOTTEN,
        first=lambda: rentals_forget(now=later),
        second=lambda: rentals_forget(now=later),
    )

    assert outcome == (1, 0, False)


def test_the_second_of_two_resets_finds_its_token_void(monkeypatch: pytest.MonkeyPatch) -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=NOON)

    def reset(password: str) -> None:
        password_reset_confirm(token=token, new_password=password, address="192.0.2.10", now=NOON)

    outcome = interleave(
        monkeypatch, USER_FOR_RESET, first=lambda: reset("first-first"), second=lambda: reset("second-second")
    )

    assert outcome == (None, "ResetTokenInvalidError", True)
    rider.refresh_from_db()
    assert rider.check_password("first-first")


def test_a_login_waits_for_the_reset_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=NOON)

    outcome = interleave(
        monkeypatch,
        USER_FOR_RESET,
        first=lambda: password_reset_confirm(token=token, new_password="first-first", address="192.0.2.10", now=NOON),
        second=lambda: session_start(email=rider.email, password=PASSWORD, address="192.0.2.10", now=NOON),
    )

    assert outcome == (None, "CredentialsInvalidError", True)
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("waiting", "failures"),
    [
        # The counters of the rider's address, the guesser's address, and the account.
        pytest.param(guess_succeeded, [0, 1, 1], id="log-in"),
        pytest.param(guess_admit, [1, 2, 3], id="guess"),
    ],
)
def test_an_attempt_waits_for_the_guess_that_is_counted(waiting: Callable[..., object], failures: list[int]) -> None:
    guess_admit(email="rider@example.org", address="192.0.2.10", now=NOON)
    second = Runner(lambda: waiting(email="rider@example.org", address="192.0.2.10", now=NOON))
    with transaction.atomic():
        guess_admit(email="rider@example.org", address="198.51.100.7", now=NOON)
        second.start()
        assert until_it_waits(second)
    second.join(WAIT_SECONDS)

    assert sorted(GuessCounter.objects.values_list("failures", flat=True)) == failures


def test_a_lock_keeps_nobody_from_pointing_at_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()
    message = {"kind": "receipt", "recipient_id": rider.pk, "subject_id": None, "key": "receipt:1", "context": {}}

    outcome = interleave(
        monkeypatch,
        USER_FOR_RENT,
        first=lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON).status,
        second=lambda: notification_create(**message),
    )

    assert outcome == ("active", None, False)


@pytest.mark.parametrize(("make", "lock"), [(make_bike, lock_bikes), (make_user, lock_users)])
def test_many_are_locked_in_the_order_of_their_ids(make: Callable[[], Any], lock: Callable[[list[UUID]], None]) -> None:
    keys = sorted(make().pk for _ in range(4))
    others = Runner(lambda: lock(list(reversed(keys))))

    with transaction.atomic():
        lock([keys[2]])
        others.start()
        assert until_it_waits(others)
        # It holds the first two and waits for the third. The last one is free.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError), transaction.atomic():
            lock([keys[1]])
        lock([keys[3]])
    others.join(WAIT_SECONDS)

    assert others.outcome is None
