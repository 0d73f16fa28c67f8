"""The sweep finds rides whose wake-up was lost."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bikerental.notifications.models import Notification
from bikerental.rentals.constants import SWEEP_GRACE
from bikerental.rentals.pricing import is_overdue
from bikerental.rentals.services import rentals_check_overdue, rentals_settle, rentals_settle_left_over
from tests.factories import NOON, make_rental, make_returned_rental

pytestmark = pytest.mark.django_db


def test_a_ride_that_nobody_settled_is_settled_once() -> None:
    rental = make_returned_rental()
    assert rental.ended_at
    late = rental.ended_at + SWEEP_GRACE + timedelta(seconds=1)

    assert [rentals_settle_left_over(now=late) for _ in range(2)] == [1, 0]

    rental.refresh_from_db()
    assert (rental.status, str(rental.cost_amount)) == ("settled", "145.00")
    assert Notification.objects.filter(kind="receipt").count() == 1


def test_one_that_has_just_ended_is_left_to_the_fast_path() -> None:
    rental = make_returned_rental()
    assert rental.ended_at

    assert rentals_settle_left_over(now=rental.ended_at + SWEEP_GRACE) == 0


def test_a_settled_ride_is_not_settled_again() -> None:
    rental = make_returned_rental()

    assert [rentals_settle(rental_ids=[rental.pk], now=NOON) for _ in range(2)] == [1, 0]


def test_each_ride_of_a_batch_gets_its_own_cost_and_lines() -> None:
    rentals = [make_returned_rental(minutes) for minutes in (19, 20)]

    assert rentals_settle(rental_ids=[rental.pk for rental in rentals], now=NOON) == 2

    for rental in rentals:
        rental.refresh_from_db()
    assert [(rental.status, rental.settled_at, str(rental.cost_amount)) for rental in rentals] == [
        ("settled", NOON, "145.00"),
        ("settled", NOON, "150.00"),
    ]
    assert [sum(Decimal(line["amount"]) for line in rental.cost_lines or []) for rental in rentals] == [145, 150]


def test_a_ride_that_ended_by_a_clock_ahead_is_settled() -> None:
    rental = make_returned_rental()
    assert rental.ended_at

    assert rentals_settle_left_over(now=rental.ended_at - timedelta(hours=1)) == 1


@pytest.mark.parametrize("microseconds", [-1, 0, 1])
def test_riders_and_operators_agree_when_a_ride_is_overdue(microseconds: int) -> None:
    rental = make_rental()
    now = rental.started_at + timedelta(minutes=rental.overdue_after_minutes, microseconds=microseconds)
    is_late = microseconds > 0

    assert (is_overdue(rental, now), rentals_check_overdue(now=now)) == (is_late, int(is_late))
