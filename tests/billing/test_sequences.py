"""Whatever is booked, by however many at once: the trial balance stays zero and no account is wrong.

Each session plays a sequence of its own; all of them concern the same riders and rides. 20 times as many with LONG=1.
"""

from collections import Counter
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bikerental.billing import reconciliation
from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.selectors import cost_of_ride
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
from tests.factories import NOON, make_user
from tests.lengths import IS_LONG
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = 200 if IS_LONG else 10
CURRENCIES = ("RUB", "EUR")

number = st.integers(0, 5)
cents = st.integers(1, 10_000).map(lambda value: Decimal(value) / 100)
step = st.tuples(st.sampled_from(["charge", "pay", "adjust", "refund", "write off", "reverse"]), number, cents)
sessions = st.lists(st.lists(step, min_size=1, max_size=8), min_size=2, max_size=4)


class City:
    """Two riders with a ride in each of two currencies."""

    def __init__(self) -> None:
        riders = [make_user().pk for _ in range(2)]
        self.rides = [(uuid4(), rider, currency) for rider in riders for currency in CURRENCIES]
        self.operator = make_user(is_staff=True).pk
        charges = [Charge(uuid4(), rider, Decimal("20.00"), currency) for _, rider, currency in self.rides]
        rentals_charge(charges=charges, now=NOON)
        self.accounts = list(Account.objects.filter(rider__in=riders).order_by("pk").values_list("pk", flat=True))
        self.outcomes: Counter[str] = Counter()

    def play(self, steps: list[tuple[str, int, Decimal]]) -> None:
        for what, which, amount in steps:
            try:
                self.act(what, which, amount)
                self.outcomes[what] += 1
            except Refusal as refusal:
                self.outcomes[type(refusal).__name__] += 1

    def act(self, what: str, which: int, amount: Decimal) -> None:
        booking = Booking(str(uuid4()), self.operator, what, NOON)
        ride, rider, currency = self.rides[which % 4]
        account = self.accounts[which % 4]
        if what == "charge":
            rentals_charge(charges=[Charge(ride, rider, amount, currency)], now=NOON)
        elif what == "adjust":
            ride_adjust(rental_id=ride, amount=amount, booking=booking)
        elif what == "reverse":
            entry_reverse(entry_id=self.recent(which), booking=booking)
        else:
            service = {"pay": payment_book, "refund": payment_refund, "write off": debt_write_off}[what]
            service(account_id=account, amount=amount, booking=booking)

    def recent(self, which: int) -> UUID:
        entries = list(Entry.objects.order_by("-pk").values_list("pk", flat=True)[: which + 1])
        return entries[-1]


def require_sound(city: City) -> None:
    assert Posting.objects.count() == 2 * Entry.objects.count()
    assert reconciliation.sums_wrong(None) == ([], [], [])
    assert [rows for part in reconciliation.charges_doubled(None) for rows in part] == []
    of_kind = dict(Posting.objects.values_list("account__kind").annotate(Sum("amount")))
    assert of_kind["rider"] == -sum(amount for kind, amount in of_kind.items() if kind != "rider")
    for ride, _, _ in city.rides:
        charged = Posting.objects.filter(entry__rental_id=ride, account__kind="revenue").aggregate(sum=Sum("amount"))
        assert 0 <= cost_of_ride(rental_id=ride) <= -(charged["sum"] or 0)
    for account in city.accounts:
        paid = Posting.objects.filter(account__kind="cash", entry__postings__account=account)
        assert (paid.aggregate(sum=Sum("amount"))["sum"] or 0) >= 0


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],  # threads do not meet in the same way again: there is nothing to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sessions)
def test_random_bookings_at_once_keep_the_books_balanced(
    transactional_db: None, steps_of_sessions: list[list[tuple[str, int, Decimal]]]
) -> None:
    city = City()
    at_once(lambda number: city.play(steps_of_sessions[number]), times=len(steps_of_sessions))

    assert sum(city.outcomes.values()) == sum(map(len, steps_of_sessions))
    require_sound(city)
