"""Entries that operators book: completely, once, and within the bounds."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from bikerental.billing.exceptions import (
    AdjustmentTooHighError,
    AmountInvalidError,
    EntryNotFoundError,
    EntryReversedError,
    KeyReusedError,
    ReasonMissingError,
    RefundTooHighError,
    ReversalRefusedError,
    RideNotChargedError,
    WriteOffTooHighError,
)
from bikerental.billing.models import Account, Entry
from bikerental.billing.selectors import balance_of_account, cost_of_ride
from bikerental.billing.services import (
    debt_write_off,
    entry_reverse,
    payment_book,
    payment_refund,
    rentals_charge,
    ride_adjust,
)
from bikerental.billing.types import Booking, Charge
from bikerental.core.errors import Refusal
from tests.billing.ledger import rows
from tests.factories import NOON, make_user
from tests.support.interleaving import interleave
from tests.support.threads import race

pytestmark = pytest.mark.django_db(transaction=True)
COST = Decimal("145.00")


class Ride:
    """A ride that was charged, and the operator who books."""

    def __init__(self, currency: str = "RUB") -> None:
        self.id, self.operator = uuid4(), make_user(is_staff=True)
        rider = make_user()
        rentals_charge(charges=[Charge(self.id, rider.pk, COST, currency)], now=NOON)
        self.account = Account.objects.get(rider=rider).pk

    def booking(self, key: str = "", reason: str = "Paid at the desk") -> Booking:
        return Booking(key or str(uuid4()), self.operator.pk, reason, NOON)

    @property
    def owed(self) -> Decimal:
        return balance_of_account(account_id=self.account)

    def pay(self, amount: str, **booking: str) -> Entry:
        return payment_book(account_id=self.account, amount=Decimal(amount), booking=self.booking(**booking))

    def refund(self, amount: str, **booking: str) -> Entry:
        return payment_refund(account_id=self.account, amount=Decimal(amount), booking=self.booking(**booking))

    def write_off(self, amount: str, **booking: str) -> Entry:
        return debt_write_off(account_id=self.account, amount=Decimal(amount), booking=self.booking(**booking))

    def adjust(self, amount: str, **booking: str) -> Entry:
        return ride_adjust(rental_id=self.id, amount=Decimal(amount), booking=self.booking(**booking))

    def reverse(self, entry_id: UUID, **booking: str) -> Entry:
        return entry_reverse(entry_id=entry_id, booking=self.booking(**booking))


@pytest.fixture
def ride(transactional_db: None) -> Ride:
    return Ride()


def refuse(refusal: type[Refusal], act: Callable[[], object]) -> None:
    before = rows()
    with pytest.raises(refusal):
        act()
    assert rows() == before


def test_a_payment_is_booked_with_who_and_why(ride: Ride) -> None:
    entry = ride.pay("100.00", reason=" Paid at the desk ")

    assert ride.owed == Decimal("45.00")
    assert (entry.kind, entry.actor, entry.reason, entry.created_at) == (
        "payment", ride.operator, "Paid at the desk", NOON,
    )  # fmt: skip
    assert set(entry.postings.values_list("account__kind", "amount")) == {
        ("rider", Decimal(-100)),
        ("cash", Decimal(100)),
    }


def test_more_may_be_paid_than_is_owed(ride: Ride) -> None:
    ride.pay("200.00")

    assert ride.owed == Decimal("-55.00")


def test_a_refund_is_at_most_the_payment(ride: Ride) -> None:
    ride.pay("200.00")
    ride.refund("55.00")

    assert ride.owed == 0
    refuse(RefundTooHighError, lambda: ride.refund("145.01"))
    ride.refund("145.00")


def test_a_writeoff_is_at_most_the_debt(ride: Ride) -> None:
    ride.pay("100.00")

    refuse(WriteOffTooHighError, lambda: ride.write_off("45.01"))
    ride.write_off("45.00")
    assert ride.owed == 0


def test_a_ride_is_adjusted_by_no_more_than_it_costs(ride: Ride) -> None:
    claim = uuid4()
    entry = ride_adjust(rental_id=ride.id, amount=Decimal("95.00"), booking=ride.booking(), claim_id=claim)

    assert (entry.rental_id, entry.claim_id) == (ride.id, claim)
    assert cost_of_ride(rental_id=ride.id) == ride.owed == Decimal("50.00")
    refuse(AdjustmentTooHighError, lambda: ride.adjust("50.01"))
    ride.adjust("50.00")
    assert cost_of_ride(rental_id=ride.id) == 0


def test_a_ride_without_a_charge_is_not_adjusted(ride: Ride) -> None:
    refuse(RideNotChargedError, lambda: ride_adjust(rental_id=uuid4(), amount=Decimal("1.00"), booking=ride.booking()))


def test_a_reversal_is_the_opposite_of_its_entry(ride: Ride) -> None:
    payment = ride.pay("100.00")

    reversal = ride.reverse(payment.pk, reason="Another rider's money")

    assert (reversal.kind, reversal.reverses, reversal.reason) == ("reversal", payment, "Another rider's money")
    assert ride.owed == COST
    assert set(reversal.postings.values_list("account__kind", "amount")) == {
        ("rider", Decimal(100)),
        ("cash", Decimal(-100)),
    }


def test_every_kind_is_reversed_and_the_reversal_too(ride: Ride) -> None:
    entries = [ride.pay("10.00"), ride.refund("5.00"), ride.write_off("5.00"), ride.adjust("5.00")]
    before = ride.owed

    reversals = [ride.reverse(entry.pk) for entry in reversed(entries)]

    assert ride.owed == COST
    assert [entry.rental_id for entry in reversals] == [ride.id, None, None, None]
    for reversal in reversed(reversals):
        ride.reverse(reversal.pk)
    assert ride.owed == before


def test_an_entry_is_reversed_once(ride: Ride) -> None:
    payment = ride.pay("100.00")
    ride.reverse(payment.pk)

    refuse(EntryReversedError, lambda: ride.reverse(payment.pk))


def test_an_entry_that_others_need_is_not_reversed(ride: Ride) -> None:
    payment = ride.pay("100.00")
    ride.refund("60.00")
    ride.adjust("1.00")
    charged = Entry.objects.get(kind="charge")

    refuse(ReversalRefusedError, lambda: ride.reverse(payment.pk))
    refuse(ReversalRefusedError, lambda: ride.reverse(charged.pk))


def test_an_entry_that_is_not_there_is_not_reversed(ride: Ride) -> None:
    refuse(EntryNotFoundError, lambda: ride.reverse(uuid4()))


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "0.001"])
def test_an_amount_is_above_zero_and_in_cents(ride: Ride, amount: str) -> None:
    for book in (ride.pay, ride.refund, ride.write_off, ride.adjust):
        refuse(AmountInvalidError, lambda book=book: book(amount))


def test_a_currency_without_cents_has_none(transactional_db: None) -> None:
    ride = Ride(currency="JPY")

    refuse(AmountInvalidError, lambda: ride.pay("1.50"))
    ride.pay("1.00")


def test_a_reason_is_given(ride: Ride) -> None:
    payment = ride.pay("1.00")
    for book in (ride.pay, ride.refund, ride.write_off, ride.adjust):
        refuse(ReasonMissingError, lambda book=book: book("1.00", reason=" \n"))
    refuse(ReasonMissingError, lambda: ride.reverse(payment.pk, reason=""))


@pytest.mark.parametrize("act", ["pay", "refund", "write_off", "adjust"])
def test_a_form_sent_twice_books_once(ride: Ride, act: str) -> None:
    ride.pay("100.00")
    first = getattr(ride, act)("45.00", key="form:1")
    before = rows()

    assert getattr(ride, act)("45.00", key="form:1") == first
    assert rows() == before


def test_a_reversal_sent_twice_books_once(ride: Ride) -> None:
    payment = ride.pay("100.00")

    assert ride.reverse(payment.pk, key="form:1") == ride.reverse(payment.pk, key="form:1")


def test_a_key_books_nothing_else(ride: Ride) -> None:
    payment, other = ride.pay("45.00", key="form:1"), Ride()

    refuse(KeyReusedError, lambda: ride.pay("44.00", key="form:1"))
    refuse(KeyReusedError, lambda: ride.refund("45.00", key="form:1"))
    refuse(KeyReusedError, lambda: ride.reverse(payment.pk, key="form:1"))
    refuse(KeyReusedError, lambda: other.pay("45.00", key="form:1"))


def test_several_bookings_share_a_transaction(ride: Ride) -> None:
    with transaction.atomic():
        ride.pay("100.00")
        rentals_charge(charges=[Charge(uuid4(), ride.operator.pk, COST, "RUB")], now=NOON)
        ride.refund("100.00")

    assert ride.owed == COST
    assert rows()[2] == 2 * COST


def test_one_of_two_refunds_that_are_too_much_is_booked(ride: Ride) -> None:
    ride.pay("100.00")

    outcomes = race(lambda: ride.refund("60.00"), lambda: ride.refund("60.00"))

    assert outcomes == {"done": 1, "RefundTooHighError": 1}
    assert ride.owed == Decimal("105.00")


def test_one_of_two_writeoffs_that_are_too_much_is_booked(ride: Ride, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database does not bound write-offs, so all depends on the lock of the account."""
    _first, second, waited = interleave(
        monkeypatch,
        "bikerental.billing.services.booking.account_lock",
        first=lambda: ride.write_off("100.00"),
        second=lambda: ride.write_off("100.00"),
    )

    assert (second, waited) == ("WriteOffTooHighError", True)
    assert ride.owed == Decimal("45.00")


def test_a_double_click_at_once_books_once(ride: Ride) -> None:
    outcomes = race(*[lambda: ride.pay("45.00", key="form:1")] * 5)

    assert outcomes == {"done": 5}
    assert ride.owed == Decimal("100.00")
