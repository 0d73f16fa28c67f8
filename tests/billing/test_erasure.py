"""The export has the entries, and an erased account keeps them without a name."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from bikerental.billing.models import Account, Posting
from bikerental.billing.services import rentals_charge
from bikerental.billing.types import Charge
from bikerental.core.db.keyset import PAGE_SIZE_MAX
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_user

pytestmark = pytest.mark.django_db


def charge(user: User, count: int = 1) -> None:
    for number in range(count):
        now = NOON + timedelta(minutes=number)
        rentals_charge(charges=[Charge(uuid4(), user.pk, Decimal(number + 1), "RUB")], now=now)


@pytest.mark.parametrize("count", [1, PAGE_SIZE_MAX, PAGE_SIZE_MAX + 1])
def test_the_export_has_every_entry_once_oldest_first(rider_client: RiderClient, count: int) -> None:
    charge(make_user())
    charge(rider_client.rider, count)

    entries = rider_client.get("/api/v1/me/export/").json()["entries"]

    assert [entry["amount"] for entry in entries] == [f"{number}.00" for number in range(1, count + 1)]
    assert {entry["kind"] for entry in entries} == {"charge"}


def test_an_erased_accounts_debt_stays_without_a_name(rider_client: RiderClient) -> None:
    charge(rider_client.rider, 2)
    before = list(Posting.objects.order_by("pk").values())

    assert rider_client.delete("/api/v1/me/", {"password": PASSWORD}).status_code == 204

    assert list(Posting.objects.order_by("pk").values()) == before
    rider = Account.objects.get(kind="rider").rider
    assert rider is not None
    assert (rider.name, rider.erased_at is None) == ("", False)
