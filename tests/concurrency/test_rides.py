"""Two requests at once for the same thing: only one gets it. With real threads and real commits."""

import pytest

from bikerental.accounts.services import account_erase
from bikerental.fleet.models import Bike
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import rental_return, rental_start, rentals_settle
from tests.factories import NOON, PASSWORD, make_bike, make_rental, make_returned_rental, make_user
from tests.support.threads import race

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 12


def test_many_riders_and_one_bike_make_one_ride() -> None:
    bike = make_bike()
    riders = [make_user() for _ in range(TIMES)]

    outcomes = race(
        *(lambda rider=rider: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON) for rider in riders)
    )

    assert outcomes == {"done": 1, "BikeUnavailableError": TIMES - 1}
    assert Rental.objects.filter(bike=bike, status="active").count() == 1


def test_one_rider_and_many_bikes_make_one_ride() -> None:
    rider = make_user()
    bikes = [make_bike() for _ in range(TIMES)]

    outcomes = race(*(lambda bike=bike: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON) for bike in bikes))

    assert outcomes == {"done": 1, "RentalInProgressError": TIMES - 1}
    assert Bike.objects.filter(status="rented").count() == 1


def test_many_devices_returning_at_once_end_one_ride() -> None:
    rental = make_rental()
    give_back = {"rental_id": rental.pk, "rider_id": rental.rider_id, "place": None, "now": NOON}

    outcomes = race(*[lambda: rental_return(**give_back)] * TIMES)

    assert outcomes == {"done": 1, "RentalNotActiveError": TIMES - 1}
    assert RentalEvent.objects.filter(rental=rental, kind="returned").count() == 1


def test_many_workers_settle_a_ride_once() -> None:
    rental = make_returned_rental()

    race(*[lambda: rentals_settle(rental_ids=[rental.pk], now=NOON)] * TIMES)

    assert RentalEvent.objects.filter(rental=rental, kind="settled").count() == 1
    assert Notification.objects.filter(subject_id=rental.pk).count() == 1


@pytest.mark.parametrize("attempt", range(5))
def test_an_account_is_never_closed_over_a_ride(attempt: int) -> None:
    rider, bike = make_user(), make_bike()

    race(
        lambda: account_erase(rider=rider, password=PASSWORD, address="192.0.2.10", now=NOON),
        lambda: rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON),
    )

    rider.refresh_from_db()
    assert rider.is_active == Rental.objects.filter(rider=rider).exists()
