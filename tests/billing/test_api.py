"""A rider's account, and riders who owe too much to rent."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from bikerental.billing import selectors
from bikerental.billing.api.serializers import EntryOutput, RiderAccountOutput
from bikerental.billing.models import Account, Entry
from bikerental.billing.services import payment_book, rentals_charge, ride_adjust
from bikerental.billing.types import Booking, Charge
from bikerental.core.db.statements import Statement
from bikerental.rentals.models import Rental
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_returned_rental, make_user

pytestmark = pytest.mark.django_db
ACCOUNT, ENTRIES, RENTALS = "/api/v1/me/account/", "/api/v1/me/account/entries/", "/api/v1/rentals/"


def charge(rider_id: UUID, amount: str, currency: str = "RUB", minutes: int = 0) -> UUID:
    ride = uuid4()
    charges = [Charge(ride, rider_id, Decimal(amount), currency)]
    assert rentals_charge(charges=charges, now=NOON + timedelta(minutes=minutes))
    return ride


def booking(minutes: int = 0) -> Booking:
    return Booking(str(uuid4()), make_user(is_staff=True).pk, "At the desk", NOON + timedelta(minutes=minutes))


def pay(rider_id: UUID, amount: str, minutes: int = 0) -> Entry:
    account = Account.objects.get(rider=rider_id, currency="RUB")
    return payment_book(account_id=account.pk, amount=Decimal(amount), booking=booking(minutes))


def test_a_rider_without_entries_owes_nothing(rider_client: RiderClient) -> None:
    charge(make_user().pk, "145.00")

    assert rider_client.get(ACCOUNT).json() == {"balances": [], "may_rent": True, "disputed": []}
    assert rider_client.get(ENTRIES).json() == {"next": None, "previous": None, "results": []}


def test_the_account_has_a_balance_in_each_currency(rider_client: RiderClient) -> None:
    rider_id = rider_client.rider.pk
    charge(rider_id, "145.00")
    charge(rider_id, "9.90", "EUR")
    pay(rider_id, "200.00")

    assert rider_client.get(ACCOUNT).json() == {
        "balances": [{"currency": "EUR", "amount": "9.90"}, {"currency": "RUB", "amount": "-55.00"}],
        "may_rent": True,
        "disputed": [],
    }


def test_entries_newest_first(rider_client: RiderClient) -> None:
    rider_id = rider_client.rider.pk
    ride = charge(rider_id, "145.00")
    paid = pay(rider_id, "100.00", minutes=1)
    adjusted = ride_adjust(rental_id=ride, amount=Decimal("45.00"), booking=booking(2))

    answer = rider_client.get(ENTRIES).json()

    charged = Entry.objects.get(kind="charge")
    common = {"currency": "RUB"}
    assert answer["results"] == [
        common | {"id": str(adjusted.pk), "kind": "adjustment", "amount": "-45.00", "rental": str(ride),
                  "reason": "At the desk", "created_at": "2026-06-15T12:02:00Z"},
        common | {"id": str(paid.pk), "kind": "payment", "amount": "-100.00", "rental": None,
                  "reason": "At the desk", "created_at": "2026-06-15T12:01:00Z"},
        common | {"id": str(charged.pk), "kind": "charge", "amount": "145.00", "rental": str(ride),
                  "reason": "", "created_at": "2026-06-15T12:00:00Z"},
    ]  # fmt: skip


def test_answers_have_the_declared_shape(rider_client: RiderClient) -> None:
    charge(rider_client.rider.pk, "145.00")

    account, entry = rider_client.get(ACCOUNT).json(), rider_client.get(ENTRIES).json()["results"][0]

    assert list(account) == list(RiderAccountOutput().fields)
    assert list(account["balances"][0]) == ["currency", "amount"]
    assert list(entry) == list(EntryOutput().fields)


def test_pages_of_several_currencies_neither_repeat_nor_skip(rider_client: RiderClient) -> None:
    for number in range(7):
        charge(rider_client.rider.pk, f"{number + 1}.00", ("RUB", "EUR")[number % 2], minutes=number)
        charge(make_user().pk, "99.00", minutes=number)

    url, amounts = f"{ENTRIES}?page_size=3", []
    while url:
        page = rider_client.get(url).json()
        amounts += [entry["amount"] for entry in page["results"]]
        url = page["next"]

    assert amounts == [f"{number}.00" for number in range(7, 0, -1)]
    assert rider_client.get(page["previous"]).json()["results"][0]["amount"] == "4.00"


@pytest.mark.parametrize("path", [ACCOUNT, ENTRIES])
def test_each_takes_one_statement_beside_authentication(rider_client: RiderClient, path: str) -> None:
    for number in range(5):
        charge(rider_client.rider.pk, "1.00", minutes=number)

    with CaptureQueriesContext(connection) as statements:
        assert rider_client.get(path).status_code == 200

    assert len(statements) == 2


def rent(client: RiderClient) -> tuple[int, str | None]:
    answer = client.post(RENTALS, {"bike": str(make_bike().pk)})
    return answer.status_code, answer.json().get("code")


@pytest.mark.django_db(transaction=True)  # the test continues after a refusal
@pytest.mark.parametrize(
    ("limit", "owed", "may_rent"),
    [(None, "9999.00", True), ("145.00", "145.00", True), ("144.99", "145.00", False), ("0", "0.01", False)],
)
def test_a_rider_who_owes_more_than_the_limit_cannot_rent(
    rider_client: RiderClient, settings: Any, limit: str | None, owed: str, may_rent: bool
) -> None:
    settings.DEBT_LIMIT = None if limit is None else Decimal(limit)
    charge(rider_client.rider.pk, owed)

    assert rider_client.get(ACCOUNT).json()["may_rent"] is may_rent
    assert rent(rider_client) == ((201, None) if may_rent else (409, "debt_too_high"))
    assert Rental.objects.exists() is may_rent


def test_a_credit_does_not_offset_a_debt_in_another_currency(rider_client: RiderClient, settings: Any) -> None:
    settings.DEBT_LIMIT = Decimal(10)
    rider_id = rider_client.rider.pk
    charge(rider_id, "1.00")
    charge(rider_id, "11.00", "EUR")
    pay(rider_id, "100.00")

    assert rent(rider_client) == (409, "debt_too_high")


@pytest.mark.django_db(transaction=True)  # the test continues after a refusal
def test_a_rider_may_rent_again_after_paying(rider_client: RiderClient, settings: Any) -> None:
    settings.DEBT_LIMIT = Decimal(0)
    charge(rider_client.rider.pk, "145.00")
    assert rent(rider_client) == (409, "debt_too_high")

    pay(rider_client.rider.pk, "145.00")

    assert rent(rider_client) == (201, None)


def test_a_limit_takes_a_rent_one_statement(rider_client: RiderClient, settings: Any) -> None:
    counts = []
    for limit in (None, Decimal(100)):
        settings.DEBT_LIMIT = limit
        bike = make_bike()
        with CaptureQueriesContext(connection) as statements:
            client = RiderClient(make_user())
            statements.initial_queries = len(connection.queries_log)
            assert client.post(RENTALS, {"bike": str(bike.pk)}).status_code == 201
        counts.append(len(statements))

    assert counts[1] == counts[0] + 1


@pytest.fixture
def dispute(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rental], None]:
    """Put the rides of a rider in dispute, as an app above would declare them."""
    disputed: list[UUID] = []

    def disputed_rides(rider_id: UUID) -> QuerySet[Rental, Any]:
        return Rental.objects.filter(rider=rider_id, pk__in=disputed).values("pk")

    def put(rental: Rental) -> None:
        disputed.append(rental.pk)
        monkeypatch.setattr(selectors, "_BALANCES", Statement(selectors._balances, rider_id=UUID))

    monkeypatch.setattr(selectors, "declared", lambda module, name: iter([disputed_rides]))
    return put


@pytest.mark.django_db(transaction=True)  # the test continues after a refusal
def test_rides_in_dispute_do_not_prevent_renting(
    rider_client: RiderClient, settings: Any, dispute: Callable[[Rental], None]
) -> None:
    settings.DEBT_LIMIT = Decimal(100)
    rider = rider_client.rider
    rental = make_returned_rental(rider=rider)
    rentals_charge(charges=[Charge(rental.pk, rider.pk, Decimal("145.00"), "RUB")], now=NOON)
    ride_adjust(rental_id=rental.pk, amount=Decimal("5.00"), booking=booking())
    charge(rider.pk, "90.00")
    assert rent(rider_client) == (409, "debt_too_high")

    dispute(rental)

    assert rider_client.get(ACCOUNT).json() == {
        "balances": [{"currency": "RUB", "amount": "230.00"}],
        "may_rent": True,
        "disputed": [{"currency": "RUB", "amount": "140.00"}],
    }
    assert rent(rider_client) == (201, None)
