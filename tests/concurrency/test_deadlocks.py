"""Everything that locks, at once on the same few rows and in crossing orders.

A deadlock is retried, so no answer shows it. The test reads PostgreSQL's own counter. A minute with LONG=1.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from bikerental.core.errors import Refusal
from bikerental.fleet.services import bikes_send_to_maintenance, bikes_set_tariff
from bikerental.maintenance.services import repaired_bikes_return
from bikerental.rentals.models import Rental
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import (
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_check_overdue,
    rentals_settle,
)
from bikerental.users.models import User
from bikerental.users.services import accounts_close, accounts_reopen
from tests.factories import make_bike, make_tariff, make_user
from tests.lengths import IS_LONG
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 60 if IS_LONG else 3


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        count: int = cursor.fetchone()[0]
        return count


def cross(acts: list[Callable[[], object]], seconds: float) -> Counter[str]:
    """Run each act repeatedly in two threads. Returns how often each was done."""
    until = time.monotonic() + seconds
    done: Counter[str] = Counter()

    def repeat(act: Callable[[], object]) -> None:
        while time.monotonic() < until:
            try:
                act()
                done[act.__name__] += 1
            except Refusal as refusal:
                done[type(refusal).__name__] += 1

    twice = acts * 2
    at_once(lambda number: repeat(twice[number]), times=len(twice))
    return done


class Crossing:
    """A few rows, and all acts on them."""

    def __init__(self) -> None:
        self.bikes = [make_bike().pk for _ in range(4)]
        self.riders = [make_user().pk for _ in range(4)]
        self.tariffs = [make_tariff().pk for _ in range(2)]
        self.operator = make_user(is_staff=True)

    def acts(self) -> list[Callable[[], object]]:
        people = [self.rent, self.give_back, self.end, self.close_and_reopen]
        return [*people, self.maintain, self.price, self.settle, self.check]

    def rent(self) -> None:
        rental_start(rider_id=random.choice(self.riders), bike_id=random.choice(self.bikes), now=timezone.now())

    def give_back(self) -> None:
        for rental in some("active", 1):
            rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=timezone.now())

    def end(self) -> None:
        for rental in some("active", 1):
            rental_end_by_operator(rental_id=rental.pk, operator=self.operator, reason="lost", now=timezone.now())

    def close_and_reopen(self) -> None:
        accounts_close(user_ids=shuffled(self.riders), now=timezone.now())
        accounts_reopen(user_ids=shuffled(self.riders))

    def maintain(self) -> None:
        for move in (bikes_send_to_maintenance, repaired_bikes_return):
            move(bike_ids=shuffled(self.bikes), operator_id=self.operator.pk, now=timezone.now())

    def price(self) -> None:
        bikes_set_tariff(bike_ids=shuffled(self.bikes), tariff_id=random.choice(self.tariffs))

    def settle(self) -> None:
        rentals_settle(rental_ids=[rental.pk for rental in some("returned", 20)], now=timezone.now())

    def check(self) -> None:
        rentals_check_overdue(now=timezone.now())


def some(status: str, count: int) -> list[Rental]:
    return list(Rental.objects.filter(status=status).order_by("?")[:count])


def shuffled(rows: list[UUID]) -> list[UUID]:
    return random.sample(rows, len(rows))


def test_crossing_pairs_do_not_deadlock() -> None:
    crossing = Crossing()
    before = deadlocks()

    done = cross(crossing.acts(), SECONDS)

    assert all(done[act.__name__] for act in crossing.acts()), done
    time.sleep(1.5)  # a backend reports its numbers when its session ends, or within a second
    assert deadlocks() - before == 0
    # The last rides may still wait to be settled, and no worker sends messages here. Nothing else may be left.
    found = reconcile(Window(now=timezone.now()))
    assert {one.check: one.rows for one in found if one.rows and one.check != "messages_unsent"} == {}
    assert User.objects.filter(pk__in=crossing.riders, is_active=True).count() == 4
