"""A ride's life in any order: Hypothesis searches for one that breaks an invariant."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pytest_django import Settings

from bikerental.accounts.services import account_erase
from bikerental.claims.models import Claim
from bikerental.claims.services import claim_decide, claim_open
from bikerental.claims.types import Complaint, Decision
from bikerental.core.errors import Refusal
from bikerental.fleet.models import Bike
from bikerental.fleet.services import bikes_send_to_maintenance
from bikerental.maintenance.services import repaired_bikes_return
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_deliver_left_over
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.rentals.pricing import price
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import (
    rental_cancel,
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_check_overdue,
    rentals_settle,
    rentals_settle_left_over,
    reservation_cancel,
    reservation_start,
    reservations_expire,
)
from bikerental.rentals.types import Correction
from tests.factories import NOON, PASSWORD, make_bike, make_model, make_tariff, make_user
from tests.lengths import IS_LONG

pytestmark = pytest.mark.django_db(transaction=True)
RIDERS, BIKES = 2, 3
index = st.integers(0, 5)
EMPTIED = (
    "rentals_reservation, rentals_rentalevent, rentals_rental, notifications_notification, fleet_bike, users_session, "
    "users_user"
)


class Life(RuleBasedStateMachine):
    """`riding` and `holding` are the model: who rides or holds which bike. After every step the database must agree."""

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL bikerental.emptying = 'on'; TRUNCATE {EMPTIED} CASCADE")
        self.now: datetime = NOON
        model, tariff = make_model(), make_tariff(free_minutes=3, overdue_after_minutes=60)
        self.riders = [make_user() for _ in range(RIDERS)]
        self.closed: set[Any] = set()
        self.bikes = [make_bike(model=model, tariff=tariff) for _ in range(BIKES)]
        self.operator, self.other_operator = make_user(is_staff=True), make_user(is_staff=True)
        self.riding: dict[Any, Any] = {}
        self.holding: dict[Any, Any] = {}  # which rider holds which bike
        self.in_maintenance: set[Any] = set()
        self.rides = 0

    @rule(minutes=st.integers(0, 2000), seconds=st.integers(0, 59))
    def time_passes(self, minutes: int, seconds: int) -> None:
        self.now += timedelta(minutes=minutes, seconds=seconds)

    @rule(rider=index, bike=index)
    def rent(self, rider: int, bike: int) -> None:
        rider_id, bike_id = self.riders[rider % RIDERS].pk, self.bikes[bike % BIKES].pk
        expected = (
            "AccountClosedError" if rider_id in self.closed
            else "RentalInProgressError" if rider_id in self.riding
            else "BikeUnavailableError" if self.is_taken(bike_id) and self.holding.get(rider_id) != bike_id
            else "done"
        )  # fmt: skip
        assert outcome_of(lambda: rental_start(rider_id=rider_id, bike_id=bike_id, now=self.now)) == expected
        if expected == "done":
            self.holding.pop(rider_id, None)  # used, or given up
            self.riding[rider_id] = bike_id
            self.rides += 1

    def is_taken(self, bike_id: Any) -> bool:
        return bike_id in {*self.riding.values(), *self.holding.values(), *self.in_maintenance}

    @rule(rider=index, bike=index)
    def hold(self, rider: int, bike: int) -> None:
        rider_id, bike_id = self.riders[rider % RIDERS].pk, self.bikes[bike % BIKES].pk
        expected = (
            "AccountClosedError" if rider_id in self.closed
            else "RentalInProgressError" if rider_id in self.riding
            else "ReservationInProgressError" if rider_id in self.holding
            else "BikeUnavailableError" if self.is_taken(bike_id)
            else "done"
        )  # fmt: skip
        assert outcome_of(lambda: reservation_start(rider_id=rider_id, bike_id=bike_id, now=self.now)) == expected
        if expected == "done":
            self.holding[rider_id] = bike_id

    @rule(rider=index)
    def give_up(self, rider: int) -> None:
        """The rider's newest reservation, which may have ended."""
        rider_id = self.riders[rider % RIDERS].pk
        newest = Reservation.objects.filter(rider=rider_id).order_by("-pk").first()
        if newest is None:
            return
        expected = "done" if self.holding.pop(rider_id, None) else "ReservationNotActiveError"
        cancel = lambda: reservation_cancel(reservation_id=newest.pk, rider_id=rider_id, now=self.now)  # noqa: E731
        assert outcome_of(cancel) == expected

    @rule()
    def holds_run_out(self) -> None:
        ago = timezone.now() - timedelta(seconds=1)
        Reservation.objects.filter(status="active").update(created_at=ago, expires_at=ago)
        assert reservations_expire(now=self.now) == len(self.holding)
        self.holding.clear()

    @rule(rider=index)
    def cancel(self, rider: int) -> None:
        rider_id = self.riders[rider % RIDERS].pk
        ride = Rental.objects.filter(rider_id=rider_id).order_by("-started_at", "-pk").first()
        if ride is None:
            return
        soon = self.now - ride.started_at <= timedelta(seconds=django_settings.CANCEL_SECONDS)
        expected = (
            "AccountClosedError" if rider_id in self.closed
            else "RentalNotActiveError" if rider_id not in self.riding
            else "done" if soon
            else "CancelTooLateError"
        )  # fmt: skip
        wish: dict[str, Any] = {"rental_id": ride.pk, "rider_id": rider_id, "text": "", "now": self.now}
        assert outcome_of(lambda: rental_cancel(reason=CancelReason.WRONG_BIKE, **wish)) == expected
        if expected == "done":
            del self.riding[rider_id]

    @rule(rider=index, earlier=st.booleans())
    def claim(self, rider: int, earlier: bool) -> None:
        """About the newest ride. The claim that the bike was returned earlier ends an active ride."""
        rider_id = self.riders[rider % RIDERS].pk
        ride = Rental.objects.filter(rider_id=rider_id).order_by("-started_at", "-pk").first()
        if ride is None or rider_id in self.closed:
            return
        late = ride.ended_at is not None and self.now - ride.ended_at > timedelta(days=django_settings.CLAIM_DAYS)
        expected = (
            "ClaimTooLateError" if late
            else "ClaimInProgressError" if Claim.objects.filter(rental=ride, status="open").exists()
            else "done"
        )  # fmt: skip
        complaint = Complaint("returned_earlier" if earlier else "other", "I locked it.")
        wish: dict[str, Any] = {"rental_id": ride.pk, "rider_id": rider_id, "now": self.now}
        assert outcome_of(lambda: claim_open(complaint=complaint, **wish)) == expected
        if expected == "done" and earlier and rider_id in self.riding:
            self.in_maintenance.add(self.riding.pop(rider_id))

    @rule(how=st.sampled_from([None, Correction(), Correction(amount=Decimal("1.00"))]))
    def decide(self, how: Correction | None) -> None:
        """The oldest open claim of a ride that is over. Whatever is decided is decided once."""
        claim = Claim.objects.filter(status="open").exclude(rental__status="active").order_by("pk").first()
        if claim is None:
            return
        settled = {"rental_ids": [claim.rental_id], "now": self.now}
        rentals_settle(**settled)
        decision = Decision("We looked.", how)
        wish: dict[str, Any] = {"claim_id": claim.pk, "decision": decision, "now": self.now}
        outcome = outcome_of(lambda: claim_decide(operator_id=self.operator.pk, **wish))
        again = outcome_of(lambda: claim_decide(operator_id=self.other_operator.pk, **wish))
        if outcome == "done":
            assert again == "ClaimDecidedError"
        else:
            claim.refresh_from_db()
            assert (how is not None, claim.status) == (True, "open")  # nothing is left to take off

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
        # A bike that is ridden stays with its rider. A hold ends before its bike leaves the street.
        stays = bike_id in self.riding.values() or (to_service and bike_id in self.holding.values())
        assert change(bike_ids=[bike_id], operator_id=uuid4(), now=self.now) == (0 if stays else 1)
        if not stays:
            self.holding = {rider: held for rider, held in self.holding.items() if held != bike_id}
            (self.in_maintenance.discard if to_service else self.in_maintenance.add)(bike_id)

    @rule(rider=index)
    def erase(self, rider: int) -> None:
        user = self.riders[rider % RIDERS]
        if user.pk in self.closed:
            return
        expected = "RentalInProgressError" if user.pk in self.riding else "done"
        close = lambda: account_erase(rider=user, password=PASSWORD, address="192.0.2.10", now=self.now)  # noqa: E731
        assert outcome_of(close) == expected
        if expected == "done":
            self.holding.pop(user.pk, None)
            self.closed.add(user.pk)

    @invariant()
    def the_database_agrees(self) -> None:
        active = Rental.objects.filter(status="active").values_list("rider_id", "bike_id")
        assert dict(active) == self.riding
        assert len(active) == len(self.riding)
        assert set(Bike.objects.filter(status="rented").values_list("pk", flat=True)) == set(self.riding.values())
        assert Rental.objects.count() == self.rides
        held = Reservation.objects.filter(status="active").values_list("rider_id", "bike_id")
        assert dict(held) == self.holding
        assert set(Bike.objects.filter(status="reserved").values_list("pk", flat=True)) == set(self.holding.values())

    @invariant()
    def costs_are_the_pure_function(self) -> None:
        for rental in Rental.objects.filter(status="settled", is_cancelled=False):
            assert rental.ended_at is not None
            cost = price(rental.terms, started_at=rental.started_at, ended_at=rental.ended_at)
            assert rental.cost_amount == cost.amount
            assert rental.cost_lines == [line.as_json() for line in cost.lines]

    @invariant()
    def each_settled_ride_has_one_receipt(self) -> None:
        settled = set(Rental.objects.filter(status="settled", is_cancelled=False).values_list("pk", flat=True))
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


def test_the_rides_life_keeps_its_invariants(settings: Settings) -> None:
    # Without limits on how often a rider holds or cancels, each outcome follows from the model.
    settings.RESERVATION_COOLDOWN_MINUTES = 0
    settings.RESERVATIONS_UNUSED_PER_DAY = settings.CANCELS_PER_DAY = 10_000
    assert django_settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")
    run_state_machine_as_test(
        Life,
        settings=hypothesis_settings(
            max_examples=400 if IS_LONG else 10,
            stateful_step_count=50 if IS_LONG else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
