"""Reservations and cancellations at once with each other: one wins. 10,000 times with LONG=1."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils import timezone

from bikerental.accounts.services import account_erase
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.fleet.selectors import bikes_contradicted_by_log
from bikerental.fleet.services import bikes_send_to_maintenance
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.models import Rental, Reservation
from bikerental.rentals.services import (
    rental_cancel,
    rental_return,
    rental_start,
    reservation_cancel,
    reservation_start,
    reservations_expire,
)
from bikerental.users.models import User
from tests.factories import NOON, PASSWORD, make_bike, make_user
from tests.lengths import races
from tests.support.threads import race

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = races(15)


def rent(bike: Bike, rider: User) -> Callable[[], object]:
    return partial(rental_start, rider_id=rider.pk, bike_id=bike.pk, now=NOON)


def reserve(bike: Bike, rider: User) -> Callable[[], object]:
    return partial(reservation_start, rider_id=rider.pk, bike_id=bike.pk, now=NOON)


def held(rider: User, *, run_out: bool = False) -> tuple[Bike, Reservation]:
    bike = make_bike()
    reserve(bike, rider)()
    made = Reservation.objects.get(bike=bike)
    if run_out:
        ago = timezone.now() - timedelta(seconds=1)
        Reservation.objects.filter(pk=made.pk).update(created_at=ago, expires_at=ago)
    return bike, made


def require_agreement(bike: Bike) -> str:
    """Bike, reservations, rides and log say the same; the bike's state."""
    state = Bike.objects.get(pk=bike.pk).status
    active = Reservation.objects.filter(bike=bike, status="active").count()
    assert (active == 1) == (state == "reserved")
    assert Rental.objects.filter(bike=bike, status="active").count() == (state == "rented")
    assert bike not in bikes_contradicted_by_log()
    return state


def test_two_riders_reserve_one_bike_and_one_has_it() -> None:
    riders = [make_user() for _ in range(4)]
    for _ in range(TIMES):
        bike = make_bike()

        assert race(*(reserve(bike, rider) for rider in riders)) == {"done": 1, "BikeUnavailableError": 3}

        assert require_agreement(bike) == "reserved"
        Reservation.objects.all().delete()


def test_one_rider_reserves_two_bikes_and_holds_one() -> None:
    for _ in range(TIMES):
        rider, bikes = make_user(), [make_bike(), make_bike()]

        assert race(*(reserve(bike, rider) for bike in bikes)) == {"done": 1, "ReservationInProgressError": 1}

        assert sorted(map(require_agreement, bikes)) == ["available", "reserved"]


def test_a_reservation_against_a_rent_of_another_rider() -> None:
    for _ in range(TIMES):
        bike = make_bike()

        assert race(reserve(bike, make_user()), rent(bike, make_user())) == {"done": 1, "BikeUnavailableError": 1}

        assert require_agreement(bike) in ("reserved", "rented")


def test_a_rider_who_rents_and_reserves_at_once_does_not_both() -> None:
    for _ in range(TIMES):
        rider, bikes = make_user(), [make_bike(), make_bike()]

        outcomes = race(rent(bikes[0], rider), reserve(bikes[1], rider))

        # The rent comes second and gives the reservation up, or first, and the reservation is refused.
        assert outcomes in (Counter(done=2), Counter(done=1, RentalInProgressError=1))
        assert list(map(require_agreement, bikes)) == ["rented", "available"]


def test_the_sweep_against_the_riders_rent_of_what_ran_out() -> None:
    for _ in range(TIMES):
        rider = make_user()
        bike, made = held(rider, run_out=True)

        assert race(partial(reservations_expire, now=NOON), rent(bike, make_user())) == {"done": 2}

        made.refresh_from_db()
        assert (require_agreement(bike), made.status) == ("rented", "expired")


def test_two_riders_after_one_reservation_ran_out() -> None:
    for _ in range(TIMES):
        bike, _made = held(make_user(), run_out=True)

        outcomes = race(reserve(bike, make_user()), rent(bike, make_user()), partial(reservations_expire, now=NOON))

        assert outcomes == {"done": 2, "BikeUnavailableError": 1}
        require_agreement(bike)


def test_giving_up_against_renting_the_held_bike() -> None:
    for _ in range(TIMES):
        rider = make_user()
        bike, made = held(rider)

        outcomes = race(
            partial(reservation_cancel, reservation_id=made.pk, rider_id=rider.pk, now=NOON), rent(bike, rider)
        )

        # Given up first, the bike is rented as a free one; rented first, there is nothing to give up.
        assert outcomes in (Counter(done=2), Counter(done=1, ReservationNotActiveError=1))
        made.refresh_from_db()
        assert (require_agreement(bike), made.status) == (
            "rented",
            "cancelled" if outcomes["done"] == 2 else "used",
        )


def test_an_operator_against_the_rent_of_the_held_bike() -> None:
    for _ in range(TIMES):
        rider = make_user()
        bike, made = held(rider)
        take = partial(bikes_send_to_maintenance, bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)

        outcomes = race(take, rent(bike, rider))

        made.refresh_from_db()
        assert (require_agreement(bike), made.status) in (("rented", "used"), ("maintenance", "cancelled"))
        assert outcomes["done"] == (2 if made.status == "used" else 1)


def test_an_erasure_against_a_reservation_leaves_no_hold() -> None:
    for _ in range(TIMES):
        rider, bike = make_user(), make_bike()
        close = partial(account_erase, rider=rider, password=PASSWORD, address="127.0.0.1", now=timezone.now())

        outcomes = race(close, reserve(bike, rider))

        assert outcomes in (Counter(done=2), Counter(done=1, AccountClosedError=1))
        assert Bike.objects.get(pk=bike.pk).status == "available"
        assert not Reservation.objects.filter(rider=rider, status="active").exists()


def test_a_cancellation_against_a_return_ends_the_ride_once() -> None:
    for _ in range(TIMES):
        rider, bike = make_user(), make_bike()
        rent(bike, rider)()
        rental = Rental.objects.get(bike=bike)
        of: dict[str, object] = {"rental_id": rental.pk, "rider_id": rider.pk, "now": NOON}

        outcomes = race(
            partial(rental_cancel, **of, reason=CancelReason.OTHER, text=""), partial(rental_return, **of, place=None)
        )

        assert outcomes == {"done": 1, "RentalNotActiveError": 1}
        rental.refresh_from_db()
        assert (rental.status, rental.is_cancelled) in (("returned", False), ("settled", True))
        assert require_agreement(bike) == "available"
        assert BikeEvent.objects.filter(bike=bike).count() == 2
