"""Rides settled before the ledger existed are charged by a migration that can be stopped and resumed."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.selectors import cost_of_ride
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rentals_charge_left_over, rentals_forget, rentals_settle
from bikerental.rentals.tasks import charge_settled_rentals
from tests.factories import NOON, make_rental, make_returned_rental

pytestmark = pytest.mark.django_db(transaction=True)
RIDES = 3000
migration = import_module("bikerental.rentals.migrations.0007_charge_settled_rides")


def migrate() -> None:
    with connection.schema_editor(atomic=False) as editor:
        migration.charge_settled_rides(None, editor)


def settled_rides(count: int, **fields: Any) -> list[Rental]:
    """Rides that the code before the ledger settled."""
    like = make_returned_rental(**fields)
    rides = []
    for number in range(count):
        values = {field.attname: getattr(like, field.attname) for field in Rental._meta.concrete_fields}
        values |= {"status": "settled", "settled_at": like.started_at + timedelta(hours=1, seconds=number)}
        values |= {"cost_amount": Decimal(number % 100) / 4, "cost_lines": []}
        del values["id"]
        rides.append(Rental(**values))
    like.delete()
    return Rental.objects.bulk_create(rides)


def charges() -> list[tuple[Any, ...]]:
    riders = Posting.objects.filter(account__kind="rider").order_by("entry__rental_id")
    return list(riders.values_list("entry__rental_id", "account__rider", "amount", "entry__created_at", "entry__kind"))


def expected(rides: list[Rental]) -> list[tuple[Any, ...]]:
    costly = sorted((ride for ride in rides if ride.cost_amount), key=lambda ride: ride.pk)
    return [(ride.pk, ride.rider_id, ride.cost_amount, ride.settled_at, "charge") for ride in costly]


def test_each_settled_ride_is_charged_once_despite_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    rides = [ride for _ in range(3) for ride in settled_rides(RIDES // 3)]
    make_returned_rental()
    make_rental()
    cuts = iter([False, False, True])  # stops in the middle of the third batch
    charge = migration.CHARGE

    monkeypatch.setattr(migration, "BATCH", 700)

    def stop(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == charge and next(cuts, False):
            execute(sql, params, many, context)
            raise OperationalError("the deploy was stopped")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(stop), pytest.raises(OperationalError):
        migrate()
    assert Entry.objects.count() == 1400

    migrate()

    assert charges() == expected(rides)
    assert Posting.objects.count() == 2 * len(expected(rides))
    migrate()
    assert Entry.objects.count() == len(expected(rides))


def test_ids_grow_with_the_time_of_the_settling() -> None:
    settled_rides(50)

    migrate()

    assert list(Entry.objects.order_by("pk").values_list("created_at", flat=True)) == sorted(
        Entry.objects.values_list("created_at", flat=True)
    )
    assert {entry.version for entry in Entry.objects.values_list("pk", flat=True)} == {7}


def test_an_anonymous_ride_is_charged_to_no_rider() -> None:
    rides = settled_rides(5)
    rentals_forget(now=timezone.now() + timedelta(days=5000))

    migrate()

    assert Account.objects.get(kind="rider").rider is None
    assert cost_of_ride(rental_id=rides[4].pk) == Decimal(1)


def test_a_ride_charged_before_the_migration_stays_so() -> None:
    rides = settled_rides(3)
    rental = make_returned_rental()
    rentals_settle(rental_ids=[rental.pk], now=NOON)

    migrate()

    assert {row[0] for row in charges()} == {rides[1].pk, rides[2].pk, rental.pk}
    assert cost_of_ride(rental_id=rental.pk) == Decimal("145.00")


def test_the_sweep_charges_what_the_old_code_settles() -> None:
    now = timezone.now()
    rides = settled_rides(3, started_at=now - timedelta(hours=2))
    older = settled_rides(3, started_at=now - timedelta(days=3))
    Rental.objects.filter(pk=rides[2].pk).update(currency="EUR")

    charge_settled_rentals()

    assert {row[:3] for row in charges()} == {(ride.pk, ride.rider_id, ride.cost_amount) for ride in rides[1:]}
    assert set(Account.objects.filter(kind="rider").values_list("currency", flat=True)) == {"RUB", "EUR"}
    assert rentals_charge_left_over(now=now, since=None) == 2
    assert {row[:3] for row in charges()} == {
        (ride.pk, ride.rider_id, ride.cost_amount) for ride in rides[1:] + older[1:]
    }
