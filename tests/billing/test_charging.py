"""Charges: each ride once, many rides in two statements."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.selectors import balances_of_rider
from bikerental.billing.services import rentals_charge
from bikerental.billing.types import Charge
from tests.factories import NOON, make_user
from tests.support.threads import race

pytestmark = pytest.mark.django_db(transaction=True)


def costing(amount: str, rider_id: UUID | None, currency: str = "RUB") -> Charge:
    return Charge(uuid4(), rider_id, Decimal(amount), currency)


def owed(rider_id: UUID) -> dict[str, Decimal]:
    return {balance.currency: balance.amount for balance in balances_of_rider(rider_id=rider_id)}


def test_each_ride_is_charged_to_its_rider() -> None:
    one, other = make_user().pk, make_user().pk
    charges = [costing("145.00", one), costing("55.00", one), costing("9.99", one, "EUR"), costing("1.00", other)]

    assert rentals_charge(charges=charges, now=NOON) == 4

    assert owed(one) == {"EUR": Decimal("9.99"), "RUB": Decimal("200.00")}
    assert owed(other) == {"RUB": Decimal("1.00")}
    written = Posting.objects.filter(account__kind="revenue").values_list(
        "entry__rental_id", "amount", "account__currency", "entry__kind", "entry__created_at"
    )
    assert set(written) == {(charge.rental_id, -charge.amount, charge.currency, "charge", NOON) for charge in charges}


def test_an_anonymous_ride_is_charged_to_no_rider() -> None:
    rentals_charge(charges=[costing("1.00", None), costing("2.00", None)], now=NOON)
    rentals_charge(charges=[costing("3.00", None)], now=NOON)

    nobody = Account.objects.get(kind="rider")
    assert nobody.rider is None
    assert sorted(nobody.postings.values_list("amount", flat=True)) == [1, 2, 3]


def test_a_free_ride_posts_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    charges = [costing("0.00", make_user().pk)]

    with django_assert_num_queries(2):  # BEGIN and COMMIT, because no transaction is open
        assert rentals_charge(charges=charges, now=NOON) == 0

    assert not Entry.objects.exists()


def test_a_ride_is_charged_once_also_in_another_batch() -> None:
    rider = make_user().pk
    first, second = costing("145.00", rider), costing("55.00", rider)
    rentals_charge(charges=[first], now=NOON)

    assert rentals_charge(charges=[first._replace(amount=Decimal(1)), second], now=NOON) == 1

    assert owed(rider) == {"RUB": Decimal("200.00")}
    assert Posting.objects.count() == 4


def test_a_hundred_rides_take_as_many_statements_as_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    riders = [make_user().pk for _ in range(3)]

    for size in (1, 100):
        with django_assert_num_queries(4):  # including BEGIN and COMMIT
            rentals_charge(charges=[costing("1.00", riders[number % 3]) for number in range(size)], now=NOON)


def test_many_at_once_charge_each_ride_once() -> None:
    riders = [make_user().pk for _ in range(5)]
    charges = [costing("1.00", riders[number % 5]) for number in range(50)]

    outcomes = race(*[lambda turn=turn: rentals_charge(charges=charges[turn:] + charges[:turn], now=NOON)
                      for turn in range(0, 50, 10)])  # fmt: skip

    assert outcomes == {"done": 5}
    assert Entry.objects.count() == 50
    assert Account.objects.count() == 6
    assert all(owed(rider) == {"RUB": Decimal("10.00")} for rider in riders)
