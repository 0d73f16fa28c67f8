"""The constraints of the rides' tables."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from bikerental.fleet.exceptions import BikeUnavailableError
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import RentalEvent
from bikerental.rentals.services import rental_cancel, rental_end_by_operator, rental_return, rental_start
from bikerental.rentals.services.taking import bike_claim
from tests.factories import NOON, make_bike, make_rental, make_returned_rental, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
COST: dict[str, Any] = {"cost_amount": Decimal(1), "cost_lines": [], "settled_at": LATER}


def test_a_bike_has_one_open_ride() -> None:
    rental = make_rental()

    with pytest.raises(IntegrityError, match="rental_one_open_per_bike"):
        make_rental(bike=rental.bike, rider=make_user())


def test_a_rider_has_one_open_ride() -> None:
    rental = make_rental()

    with pytest.raises(IntegrityError, match="rental_one_open_per_rider"):
        make_rental(rider=rental.rider)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"status": "lost", "ended_at": LATER}, "rental_status_known"),
        ({"status": "active", "ended_at": LATER}, "rental_ended_unless_active"),
        ({"status": "returned", "ended_at": NOON - timedelta(seconds=1)}, "rental_ended_unless_active"),
        ({"status": "settled", "ended_at": LATER}, "rental_cost_once_settled"),
        ({"status": "settled", "ended_at": LATER, **COST, "cost_amount": Decimal(-1)}, "rental_cost_once_settled"),
        ({"status": "returned", "ended_at": LATER, **COST}, "rental_cost_once_settled"),
        # NULL passes a CHECK that compares it, so these have constraints of their own.
        ({"status": "returned", "ended_at": None}, "rental_over_has_end"),
        ({"status": "settled", "ended_at": LATER, **COST, "cost_amount": None}, "rental_settled_has_cost"),
        ({"unlock_fee": Decimal("-0.01")}, "rental_terms_not_negative"),
        ({"per_minute": Decimal("-0.01")}, "rental_terms_not_negative"),
        ({"daily_cap": Decimal("-0.01")}, "rental_terms_not_negative"),
    ],
)
def test_a_ride_that_cannot_be_is_refused(fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        make_rental(**fields)


def test_a_ride_has_one_event_of_its_return() -> None:
    rental = make_returned_rental()
    for kind in ("overdue", "overdue", "returned"):
        RentalEvent.objects.create(rental=rental, kind=kind, happened_at=NOON)

    with pytest.raises(IntegrityError, match="rental_event_once"):
        RentalEvent.objects.create(rental=rental, kind="returned", happened_at=NOON)


@pytest.mark.django_db(transaction=True)
def test_a_ride_whose_bike_was_taken_meanwhile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rider, bike = make_user(), make_bike()
    seen = bike_claim(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    type(bike).objects.filter(pk=bike.pk).update(status="maintenance")
    monkeypatch.setattr("bikerental.rentals.services.rides.bike_claim", lambda **_: seen)

    with pytest.raises(BikeUnavailableError):
        rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)

    bike.refresh_from_db()
    assert bike.status == "maintenance"


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_ride_whose_bike_is_not_rented_is_refused() -> None:
    rental = make_rental(bike=make_bike(status="maintenance"))

    of: dict[str, Any] = {"rental_id": rental.pk, "rider_id": rental.rider_id}

    with pytest.raises(BikeUnavailableError):
        rental_return(**of, place=None, now=LATER)
    with pytest.raises(BikeUnavailableError):
        rental_cancel(**of, reason=CancelReason.OTHER, text="", now=NOON)

    rental.refresh_from_db()
    assert (rental.status, rental.bike.status) == ("active", "maintenance")


@pytest.mark.django_db(transaction=True)
def test_a_stale_view_of_a_ride_ends_no_other_ride(monkeypatch: pytest.MonkeyPatch) -> None:
    rental, operator = make_rental(), make_user(is_staff=True)
    seen = rental_lock(rental_id=rental.pk)
    rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=LATER)
    rental_start(rider_id=make_user().pk, bike_id=rental.bike_id, now=LATER)
    monkeypatch.setattr("bikerental.rentals.services.rides.rental_lock", lambda **_: seen)

    with pytest.raises(BikeUnavailableError):
        rental_end_by_operator(rental_id=rental.pk, operator=operator, reason="lost", now=LATER)
