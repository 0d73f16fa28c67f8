"""A ride's life in any order: Hypothesis searches for one that breaks an invariant."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bikerental.accounts.services import rider_close
from bikerental.core.errors import Refusal
from bikerental.fleet.models import Bike
from bikerental.fleet.services import bikes_send_to_maintenance
from bikerental.maintenance.services import repaired_bikes_return
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_deliver_left_over
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.pricing import price
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import (
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_check_overdue,
    rentals_settle,
    rentals_settle_left_over,
)
from tests.factories import NOON, PASSWORD, make_bike, make_model, make_tariff, make_user
from tests.lengths import IS_LONG

pytestmark = pytest.mark.django_db(transaction=True)
RIDERS, BIKES = 2, 3
index = st.integers(0, 5)
EMPTIED = "rentals_rentalevent, rentals_rental, notifications_notification, fleet_bike, users_session, users_user"


class Life(RuleBasedStateMachine):
    """`riding` is the model: which rider rides which bike. The database must agree with it after every step."""

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL bikerental.emptying = 'on'; TRUNCATE {EMPTIED} CASCADE")
        self.now: datetime = NOON
        model, tariff = make_model(), make_tariff(free_minutes=3, overdue_after_minutes=60)
        self.riders = [make_user() for _ in range(RIDERS)]
        self.closed: set[Any] = set()
        self.bikes = [make_bike(model=model, tariff=tariff) for _ in range(BIKES)]
        self.operator = make_user(is_staff=True)
        self.riding: dict[Any, Any] = {}
        self.in_maintenance: set[Any] = set()
        self.rides = 0

    @rule(minutes=st.integers(0, 2000), seconds=st.integers(0, 59))
    def time_passes(self, minutes: int, seconds: int) -> None:
        self.now += timedelta(minutes=minutes, seconds=seconds)

    @rule(rider=index, bike=index)
    def rent(self, rider: int, bike: int) -> None:
        rider_id, bike_id = self.riders[rider % RIDERS].pk, self.bikes[bike % BIKES].pk
        taken = bike_id in self.riding.values() or bike_id in self.in_maintenance
        expected = (
            "AccountClosedError" if rider_id in self.closed
            else "RentalInProgressError" if rider_id in self.riding
            else "BikeUnavailableError" if taken
            else "done"
        )  # fmt: skip
        assert outcome_of(lambda: rental_start(rider_id=rider_id, bike_id=bike_id, now=self.now)) == expected
        if expected == "done":
            self.riding[rider_id] = bike_id
            self.rides += 1

    @rule(rider=index, ride=index, by_operator=st.booleans())
    def end(self, rider: int, ride: int, by_operator: bool) -> None:
        """Any of the rider's rides: an open one ends, and one that has ended does not end again."""
        rider_id = self.riders[rider % RIDERS].pk
        rides = list(Rental.objects.filter(rider_id=rider_id).order_by("-started_at", "-pk"))
        if not rides:
            return
        chosen = rides[ride % len(rides)]
        expected = "done" if self.riding.get(rider_id) and chosen.status == "active" else "RentalNotActiveError"
        end: dict[str, Any] = {"rental_id": chosen.pk, "now": self.now}
        if by_operator:
            outcome = outcome_of(lambda: rental_end_by_operator(operator=self.operator, reason="asked to", **end))
        else:
            outcome = outcome_of(lambda: rental_return(rider_id=rider_id, place=None, **end))
        assert outcome == expected
        if expected == "done":
            del self.riding[rider_id]

    @rule(twice=st.booleans())
    def settle(self, twice: bool) -> None:
        rental_ids = list(Rental.objects.values_list("pk", flat=True))
        for _ in range(1 + twice):
            rentals_settle(rental_ids=rental_ids, now=self.now)
        assert not Rental.objects.filter(status="returned").exists()

    @rule()
    def sweep(self) -> None:
        rentals_settle_left_over(now=self.now)
        notifications_deliver_left_over(now=self.now)

    @rule()
    def check_overdue(self) -> None:
        rentals_check_overdue(now=self.now)
        assert rentals_check_overdue(now=self.now) == 0

    @rule(bike=index, to_service=st.booleans())
    def maintain(self, bike: int, to_service: bool) -> None:
        bike_id = self.bikes[bike % BIKES].pk
        change = repaired_bikes_return if to_service else bikes_send_to_maintenance
        ridden = bike_id in self.riding.values()
        assert change(bike_ids=[bike_id], operator_id=uuid4(), now=self.now) == (0 if ridden else 1)
        if not ridden:
            (self.in_maintenance.discard if to_service else self.in_maintenance.add)(bike_id)

    @rule(rider=index)
    def erase(self, rider: int) -> None:
        user = self.riders[rider % RIDERS]
        if user.pk in self.closed:
            return
        expected = "RentalInProgressError" if user.pk in self.riding else "done"
        close = lambda: rider_close(rider=user, password=PASSWORD, address="192.0.2.10", now=self.now)  # noqa: E731
        assert outcome_of(close) == expected
        if expected == "done":
            self.closed.add(user.pk)

    @invariant()
    def the_database_agrees(self) -> None:
        active = Rental.objects.filter(status="active").values_list("rider_id", "bike_id")
        assert dict(active) == self.riding
        assert len(active) == len(self.riding)
        assert set(Bike.objects.filter(status="rented").values_list("pk", flat=True)) == set(self.riding.values())
        assert Rental.objects.count() == self.rides

    @invariant()
    def costs_are_the_pure_function(self) -> None:
        for rental in Rental.objects.filter(status="settled"):
            assert rental.ended_at is not None
            cost = price(rental.terms, started_at=rental.started_at, ended_at=rental.ended_at)
            assert rental.cost_amount == cost.amount
            assert rental.cost_lines == [line.as_json() for line in cost.lines]

    @invariant()
    def each_settled_ride_has_one_receipt(self) -> None:
        settled = set(Rental.objects.filter(status="settled").values_list("pk", flat=True))
        receipts = list(Notification.objects.filter(kind="receipt").values_list("subject_id", flat=True))
        assert Counter(receipts) == Counter(settled)
        assert RentalEvent.objects.filter(kind="settled").count() == len(settled)

    @invariant()
    def reconciling_finds_nothing(self) -> None:
        found = reconcile(Window(now=NOON))  # a time at which nothing is late
        assert {one.check: one.rows for one in found if one.rows} == {}


def outcome_of(act: Any) -> str:
    try:
        act()
    except Refusal as refusal:
        return type(refusal).__name__
    return "done"


def test_the_rides_life_keeps_its_invariants() -> None:
    assert django_settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=400 if IS_LONG else 10,
            stateful_step_count=50 if IS_LONG else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
