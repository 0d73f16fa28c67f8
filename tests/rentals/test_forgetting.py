"""Old rides: the amounts stay, the rider is removed."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import forgetting, rentals_forget
from bikerental.rentals.tasks import forget_rentals
from tests.clients import RiderClient
from tests.factories import NOON, make_returned_rental, make_station, make_user
from tests.support.threads import race

pytestmark = pytest.mark.django_db
LINES = [{"code": "unlock", "amount": "50.00"}]


@pytest.fixture(autouse=True)
def _thirty_days(settings: Settings) -> None:
    settings.RIDE_RETENTION_DAYS = 30


def make_settled_rental(settled_at: datetime, **fields: Any) -> Rental:
    settled = {"status": "settled", "settled_at": settled_at, "cost_amount": Decimal("145.00"), "cost_lines": LINES}
    places = {"start_station": make_station(), "end_station": make_station()}
    rental = make_returned_rental(started_at=settled_at - timedelta(hours=1), **settled | places | fields)
    RentalEvent.objects.create(
        rental=rental, kind="ended_by_operator", happened_at=settled_at, actor=rental.rider, reason="The rider called"
    )
    return rental


def riders(*rentals: Rental) -> list[bool]:
    kept = dict(Rental.objects.values_list("pk", "rider"))
    return [kept[rental.pk] is not None for rental in rentals]


def test_forgetting_removes_rider_and_places_and_keeps_amounts() -> None:
    rental = make_settled_rental(NOON)
    before = Rental.objects.values().get(pk=rental.pk)

    assert rentals_forget(now=NOON + timedelta(days=30, seconds=1)) == 1

    after = Rental.objects.values().get(pk=rental.pk)
    assert after == before | {"rider_id": None, "start_station_id": None, "end_station_id": None}
    event = RentalEvent.objects.get(rental=rental)
    assert (event.kind, event.actor, event.reason) == ("ended_by_operator", None, "")


def test_the_setting_says_when() -> None:
    old, young = make_settled_rental(NOON - timedelta(seconds=1)), make_settled_rental(NOON)

    assert rentals_forget(now=NOON + timedelta(days=30)) == 1

    assert riders(old, young) == [False, True]


def test_a_ride_that_is_not_settled_is_never_forgotten() -> None:
    rental = make_returned_rental(started_at=NOON - timedelta(days=400))

    assert rentals_forget(now=NOON) == 0

    assert riders(rental) == [True]


def test_a_second_run_finds_nothing() -> None:
    make_settled_rental(NOON)
    later = NOON + timedelta(days=31)
    rentals_forget(now=later)

    assert rentals_forget(now=later) == 0


def test_a_batch_to_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "FORGET_BATCH", 2)
    for minutes in range(5):
        make_settled_rental(NOON + timedelta(minutes=minutes))

    with CaptureQueriesContext(connection) as queries:
        assert rentals_forget(now=NOON + timedelta(days=31)) == 5

    assert len([query for query in queries if "FOR NO KEY UPDATE" in query["sql"]]) == 3


@pytest.mark.django_db(transaction=True)
def test_two_at_once_share_the_work() -> None:
    rentals = [make_settled_rental(NOON + timedelta(minutes=minutes)) for minutes in range(4)]

    race(*[lambda: rentals_forget(now=NOON + timedelta(days=31))] * 2)

    assert riders(*rentals) == [False] * 4


def test_a_ride_of_nobody_is_not_in_its_riders_list() -> None:
    client = RiderClient(make_user())
    rental = make_settled_rental(NOON, rider=client.rider)
    rentals_forget(now=NOON + timedelta(days=31))

    assert client.get("/api/v1/rentals/").json()["results"] == []
    assert client.get(f"/api/v1/rentals/{rental.pk}/").status_code == 404
    assert client.get("/api/v1/me/export/").json()["rentals"] == []


def test_operators_still_read_it(admin_client: Any) -> None:
    rental = make_settled_rental(NOON)
    rentals_forget(now=NOON + timedelta(days=31))

    page = admin_client.get("/admin/rentals/rental/")

    assert page.status_code == 200
    assert rental.bike.number in page.content.decode()
    assert admin_client.get(f"/admin/rentals/rental/{rental.pk}/change/").status_code == 200


def test_the_database_forbids_half_a_forgotten_ride() -> None:
    for rental in (make_returned_rental(), make_settled_rental(NOON)):
        with pytest.raises(IntegrityError, match="rental_of_nobody"), transaction.atomic():
            Rental.objects.filter(pk=rental.pk).update(rider=None)


def test_the_oldest_are_found_by_their_index() -> None:
    make_settled_rental(NOON)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM rentals_rental WHERE status = 'settled' AND rider_id IS NOT NULL"
            " AND settled_at < %s ORDER BY settled_at LIMIT 1000",
            [NOON],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "rental_to_forget" in plan
    assert "Filter" not in plan  # rides that are already anonymous are not read again


def test_the_task_ignores_what_a_newer_sender_adds() -> None:
    old = make_settled_rental(timezone.now() - timedelta(days=31))

    forget_rentals(asked_by="a newer beat")

    assert riders(old) == [False]
