"""A ride's charge is posted when it is settled, in the same transaction."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from bikerental.billing.models import Entry, Posting
from bikerental.billing.selectors import balances_of_rider, cost_of_ride
from bikerental.core.models import FailedRow
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rentals_settle, settling
from tests.factories import NOON, make_bike, make_returned_rental, make_tariff, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_settled_ride_is_charged_what_it_costs() -> None:
    rider = make_user()
    rentals = [make_returned_rental(minutes, rider=rider) for minutes in (19, 20)]

    rentals_settle(rental_ids=[rental.pk for rental in rentals], now=NOON)

    costs = dict(Rental.objects.values_list("pk", "cost_amount"))
    assert set(costs.values()) == {Decimal("145.00"), Decimal("150.00")}
    assert {rental.pk: cost_of_ride(rental_id=rental.pk) for rental in rentals} == costs
    assert balances_of_rider(rider_id=rider.pk) == [("RUB", Decimal("295.00"), Decimal(0))]


def test_a_free_ride_is_not_charged() -> None:
    rental = make_returned_rental(bike=make_bike(tariff=make_tariff(unlock_fee=0, free_minutes=30)))

    rentals_settle(rental_ids=[rental.pk], now=NOON)

    assert Rental.objects.get().status == "settled"
    assert not Entry.objects.exists()


def test_settling_twice_charges_once() -> None:
    rental = make_returned_rental()

    for _ in range(2):
        rentals_settle(rental_ids=[rental.pk], now=NOON)

    assert (Entry.objects.count(), Posting.objects.count()) == (1, 2)


def test_a_ride_that_cannot_be_charged_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = make_returned_rental(), make_returned_rental()
    rentals_charge = settling.rentals_charge

    def refuse(*, charges: list[Any], **options: Any) -> int:
        if bad.pk in [charge.rental_id for charge in charges]:
            raise IntegrityError
        return rentals_charge(charges=charges, **options)

    monkeypatch.setattr(settling, "rentals_charge", refuse)

    rentals_settle(rental_ids=[good.pk, bad.pk], now=NOON)

    assert dict(Rental.objects.values_list("pk", "status")) == {good.pk: "settled", bad.pk: "returned"}
    assert list(Entry.objects.values_list("rental_id", flat=True)) == [good.pk]
    assert FailedRow.objects.get().row_id == str(bad.pk)
