"""Reconciliation: each count is zero for consistent data, and finds its kind of error."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.services import entry_reverse
from bikerental.billing.types import Booking
from bikerental.claims.models import Claim
from bikerental.claims.services import claim_decide
from bikerental.claims.types import Decision
from bikerental.core.models import FailedRow
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.services import bikes_pick_up
from bikerental.http.models import IdempotencyKey
from bikerental.notifications.models import Notification
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.management.commands.reconcile import MEANINGS
from bikerental.rentals.models import Rental, Reservation
from bikerental.rentals.reconciliation import BATCH, Window, reconcile
from bikerental.rentals.services import (
    rental_cancel,
    rental_return,
    rental_start,
    rentals_forget,
    rentals_reconcile,
    rentals_settle,
)
from bikerental.rentals.types import Correction
from tests.billing import ledger
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_claim, make_rental, make_returned_rental, make_station, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def counts(**window: object) -> dict[str, int]:
    findings = reconcile(Window(**{"now": LATER} | window))
    return {found.check: found.rows for found in findings if found.rows}


def settled_ride() -> Rental:
    rider, bike = make_user(), make_bike()
    ride = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    rental_return(rental_id=ride.id, rider_id=rider.pk, place=None, now=NOON + timedelta(minutes=19))
    rentals_settle(rental_ids=[UUID(ride.id)], now=NOON + timedelta(minutes=20))
    Notification.objects.filter(subject_id=ride.id).update(state="sent", sent_at=NOON, created_at=NOON)
    return Rental.objects.get(pk=ride.id)


def test_a_sound_city_has_nothing_to_find() -> None:
    settled_ride()
    cancelled_ride()
    make_rental()
    make_returned_rental(minutes=60)
    make_bike(status="maintenance")

    assert counts() == {}


def drop_unique(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DROP INDEX IF EXISTS "{name}"')


def rent_without_ride() -> None:
    make_bike(status="rented")


def free_a_ridden_bike() -> None:
    make_rental()
    Bike.objects.update(status="available")


def ride_one_bike_twice() -> None:
    drop_unique("rental_one_open_per_bike")
    make_rental(bike=make_rental().bike)


def ride_twice() -> None:
    drop_unique("rental_one_open_per_rider")
    make_rental(rider=make_rental().rider)


def forget_a_returned_ride() -> None:
    make_returned_rental(minutes=5)


def lose_a_receipt() -> None:
    settled_ride()
    ride = settled_ride()
    Notification.objects.filter(subject_id=ride.pk).delete()


def double_a_receipt() -> None:
    receipt = Notification.objects.get(subject_id=settled_ride().pk)
    receipt.pk, receipt.key = uuid4(), f"receipt:again:{receipt.subject_id}"
    receipt.save(force_insert=True)


def leave_a_message() -> None:
    settled_ride()
    Notification.objects.update(state="pending", sent_at=None, next_attempt_at=NOON)


def abandon_a_message() -> None:
    settled_ride()
    Notification.objects.update(state="sending", sent_at=None, claimed_until=NOON)


def fail_a_row() -> None:
    FailedRow.objects.create(task="settle rentals", row_id="7", error="22003", failed_at=NOON, retry_at=NOON)


def change_a_term() -> None:
    settled_ride()
    Rental.objects.update(unlock_fee=Decimal("50.01"))


def change_a_line() -> None:
    settled_ride()
    Rental.objects.update(cost_lines=[])


def lose_a_charge() -> None:
    settled_ride()
    with ledger.unguarded():
        Posting.objects.all().delete()
        Entry.objects.all().delete()


def double_a_charge() -> None:
    ride = settled_ride()
    drop_unique("entry_one_charge_a_ride")
    ledger.charge(Account.objects.get(rider=ride.rider), "145.00", ride.pk)


def charge_another_amount() -> None:
    settled_ride()
    with ledger.unguarded():
        Posting.objects.update(amount=F("amount") * 2)


def charge_another_currency() -> None:
    settled_ride()
    with ledger.unguarded():
        Account.objects.update(currency="EUR")


def charge_another_rider() -> None:
    settled_ride()
    with ledger.unguarded():
        Posting.objects.filter(account__kind="rider").update(account=ledger.make_account())


def cancelled_ride() -> Rental:
    rider, bike = make_user(), make_bike()
    ride = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    rental_cancel(rental_id=UUID(ride.id), rider_id=rider.pk, reason=CancelReason.WRONG_BIKE, text="", now=NOON)
    return Rental.objects.get(pk=ride.id)


def charge_no_ride() -> None:
    ledger.charge(ledger.make_account(), "50.00")


def charge_a_ride_that_goes_on() -> None:
    ledger.charge(ledger.make_account(), "50.00", make_rental().pk)


def charge_a_cancelled_ride() -> None:
    ride = cancelled_ride()
    ledger.charge(ledger.make_account(rider=ride.rider), "50.00", ride.pk)


def put_a_line_into_a_cancelled_ride() -> None:
    cancelled_ride()
    Rental.objects.update(cost_lines=[{"code": "unlock", "amount": "50.00"}])


def decided_claim() -> Claim:
    claim = make_claim(settled_ride())
    decision = Decision("We looked.", Correction())
    claim_decide(claim_id=claim.pk, decision=decision, operator_id=make_user().pk, now=LATER)
    Notification.objects.update(state="sent", sent_at=LATER)
    return claim


def lose_the_entry_of_a_claim() -> None:
    decided_claim()
    with ledger.unguarded():
        Posting.objects.filter(entry__kind="adjustment").delete()
        Entry.objects.filter(kind="adjustment").delete()


def decide_another_amount() -> None:
    decided_claim()
    Claim.objects.update(adjusted_amount=F("adjusted_amount") - 1)


SPOILERS: list[tuple[Callable[[], None], str]] = [
    (rent_without_ride, "bikes_without_ride"),
    (free_a_ridden_bike, "rides_without_bike"),
    (ride_one_bike_twice, "bikes_ridden_twice"),
    (ride_twice, "riders_riding_twice"),
    (forget_a_returned_ride, "rides_unsettled"),
    (lose_a_receipt, "receipts_missing"),
    (double_a_receipt, "receipts_doubled"),
    (leave_a_message, "messages_unsent"),
    (abandon_a_message, "messages_unsent"),
    (fail_a_row, "rows_failed"),
    (change_a_term, "costs_wrong"),
    (change_a_line, "costs_wrong"),
    (lose_a_charge, "charges_missing"),
    (double_a_charge, "charges_doubled"),
    (charge_another_amount, "charges_wrong"),
    (charge_another_currency, "charges_wrong"),
    (charge_another_rider, "charges_wrong"),
    (charge_no_ride, "charges_without_ride"),
    (charge_a_ride_that_goes_on, "charges_without_ride"),
    (charge_a_cancelled_ride, "charges_wrong"),
    (put_a_line_into_a_cancelled_ride, "costs_wrong"),
    (lose_the_entry_of_a_claim, "decisions_without_entry"),
    (decide_another_amount, "decisions_without_entry"),
]


@pytest.mark.parametrize(("spoil", "check"), SPOILERS, ids=[spoil.__name__ for spoil, _ in SPOILERS])
def test_each_count_counts_what_it_is_for(spoil: Callable[[], None], check: str) -> None:
    spoil()

    assert counts() == {check: 1}


def move_a_station() -> None:
    station = make_station()
    make_bike(station=station)
    Station.objects.filter(pk=station.pk).update(latitude=station.latitude + 0.01)


def move_a_bike_past_its_log() -> None:
    bike = make_bike()
    bikes_pick_up(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)
    Bike.objects.filter(pk=bike.pk).update(status="available")


def reserve_for_nobody() -> None:
    make_bike(status="reserved")


def hold_a_free_bike() -> None:
    Reservation.objects.create(rider=make_user(), bike=make_bike(), created_at=NOON, expires_at=LATER)


def close_a_riders_account() -> None:
    make_rental(rider=make_user(is_active=False))


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (rent_without_ride, "bikes_without_ride"),
        (free_a_ridden_bike, "rides_without_bike"),
        (move_a_station, "bikes_off_station"),
        (move_a_bike_past_its_log, "states_off_log"),
        (hold_a_free_bike, "holds_without_bike"),
        (reserve_for_nobody, "bikes_without_hold"),
        (close_a_riders_account, "rides_of_closed_accounts"),
        (ride_one_bike_twice, "bikes_ridden_twice"),
        (ride_twice, "riders_riding_twice"),
        (lose_a_receipt, "receipts_missing"),
        (double_a_receipt, "receipts_doubled"),
        (charge_no_ride, "charges_without_ride"),
        (double_a_charge, "charges_doubled"),
        (decide_another_amount, "decisions_without_entry"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_no_part_of_a_large_table_is_missed(
    spoil: Callable[[], None], check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bikerental.core.db.keyset.PART_SIZE", 2)
    for _ in range(5):
        spoil()

    found = {finding.check: finding for finding in reconcile(Window(now=LATER)) if finding.rows}

    assert set(found) == {check}
    assert found[check].rows == len(set(found[check].examples)) == 5


def test_two_receipts_are_found_under_any_keys() -> None:
    double_a_receipt()
    ride = Rental.objects.get()
    Notification.objects.filter(key=f"receipt:{ride.pk}").update(key=f"receipt:by hand:{ride.pk}")

    found = {finding.check: finding.examples for finding in reconcile(Window(now=LATER)) if finding.rows}

    assert found == {"receipts_missing": (str(ride.pk),), "receipts_doubled": (str(ride.pk),)}


def test_more_is_counted_than_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.core.db.keyset.PART_SIZE", 15)
    for _ in range(25):
        make_bike(status="rented")

    (found,) = [finding for finding in reconcile(Window(now=LATER)) if finding.rows]

    assert (found.check, found.rows, len(set(found.examples))) == ("bikes_without_ride", 25, 20)


def test_a_posting_that_was_changed_is_found_by_every_sum() -> None:
    settled_ride()
    with ledger.unguarded():
        Posting.objects.filter(account__kind="revenue").update(amount=F("amount") - 1)

    assert counts() == {"entries_unbalanced": 1, "accounts_wrong": 2, "trial_balance": 1}
    assert counts(since=LATER + timedelta(minutes=1)) == {}


def test_a_state_that_the_logs_last_row_contradicts() -> None:
    bike = make_bike(number="LOG-1")
    make_bike()  # no row yet: nothing contradicts
    bikes_pick_up(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)
    assert counts() == {}

    Bike.objects.filter(pk=bike.pk).update(status="available")

    assert counts() == {"states_off_log": 1}


def test_a_hold_that_ran_out_and_was_not_ended() -> None:
    bike = make_bike(status="reserved")
    fields = {"created_at": NOON, "expires_at": LATER - timedelta(seconds=59)}
    made = Reservation.objects.create(rider=make_user(), bike=bike, **fields)
    assert counts() == {}

    Reservation.objects.filter(pk=made.pk).update(expires_at=LATER - timedelta(seconds=61))

    assert counts() == {"holds_run_out": 1}


def test_a_hold_and_its_bike_that_disagree() -> None:
    make_bike(status="reserved")
    Reservation.objects.create(rider=make_user(), bike=make_bike(), created_at=NOON, expires_at=LATER)

    assert counts() == {"holds_without_bike": 1, "bikes_without_hold": 1}


def test_an_entry_that_lost_its_postings_is_found() -> None:
    settled_ride()
    with ledger.unguarded():
        Posting.objects.all().delete()

    assert counts() == {"charges_missing": 1, "entries_unbalanced": 1}


def test_a_charge_without_a_ride_is_reversed() -> None:
    ride = uuid4()
    ledger.charge(ledger.make_account(), "50.00", ride)
    charge = Entry.objects.get(rental_id=ride)
    booking = Booking("reversal", make_user().pk, "There was no such ride.", LATER)

    entry_reverse(entry_id=charge.pk, booking=booking)

    assert counts() == {}


def test_a_ride_that_is_nobodys_by_now_was_charged_to_its_rider() -> None:
    settled_ride()
    rentals_forget(now=NOON + timedelta(days=5000))

    assert counts() == {}


def rent_and_return_with_keys() -> RiderClient:
    rider = RiderClient(make_user())
    bike = make_bike()
    ride = rider.post("/api/v1/rentals/", {"bike": str(bike.pk)}, headers={"Idempotency-Key": "rent"}).json()
    rider.post(f"/api/v1/rentals/{ride['id']}/return/", {}, headers={"Idempotency-Key": "return"})
    assert IdempotencyKey.objects.filter(rider_id=rider.rider.pk).count() == 2
    return rider


def test_a_key_whose_ride_is_there_is_no_orphan() -> None:
    rent_and_return_with_keys()

    assert counts(now=timezone.now()) == {}


def test_keys_in_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.core.db.keyset.PART_SIZE", 2)
    riders = [rent_and_return_with_keys().rider for _ in range(3)]

    Rental.objects.filter(rider__in=riders).update(rider=make_user())

    assert counts(now=timezone.now())["keys_orphaned"] == 6


@pytest.mark.parametrize(
    ("change", "orphans"),
    [
        (lambda rider: Rental.objects.filter(rider=rider).update(rider=make_user()), 2),
        (lambda rider: Rental.objects.filter(rider=rider).update(status="active", ended_at=None), 1),
        (lambda rider: type(rider).objects.filter(pk=rider.pk).update(is_active=False), 2),
    ],
    ids=["another's ride", "a return that did not happen", "a closed account"],
)
def test_orphaned_keys(change: Callable[[object], object], orphans: int) -> None:
    change(rent_and_return_with_keys().rider)

    assert counts(now=timezone.now())["keys_orphaned"] == orphans


def test_rides_that_began_before_the_window_are_left_alone() -> None:
    change_a_term()

    assert counts(since=NOON + timedelta(seconds=1)) == {}
    assert counts(since=NOON) == {"costs_wrong": 1}


def test_batches_miss_no_ride_and_price_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.rentals.reconciliation.BATCH", 2)
    for _ in range(5):
        settled_ride()
    Rental.objects.update(cost_lines=[])
    read: list[tuple[str, int]] = []

    findings = reconcile(Window(now=LATER), progress=lambda *done: read.append(done))

    assert findings[-1].rows == len(set(findings[-1].examples)) == 5
    assert [rows for check, rows in read if check == "costs_wrong"] == [2, 4, 5]
    assert ("entries_unbalanced", 5) in read


def test_batches_of_the_ledger_miss_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.billing.reconciliation.BATCH", 2)
    for _ in range(5):
        settled_ride()
    with ledger.unguarded():
        Posting.objects.filter(account__kind="revenue").update(amount=F("amount") - 1)

    assert counts() == {"entries_unbalanced": 5, "accounts_wrong": 6, "trial_balance": 1}


def test_statements_do_not_grow_with_the_rides(django_assert_max_num_queries: Callable[[int], object]) -> None:
    for _ in range(5):
        settled_ride()
    assert BATCH > 5

    with django_assert_max_num_queries(43):
        reconcile(Window(now=LATER))


def test_the_command_says_zero_and_ends_well() -> None:
    output = StringIO()

    call_command("reconcile", stdout=output)

    assert "costs_wrong                 0" in output.getvalue()
    assert "0 settled rides priced anew, 25 counts" in output.getvalue()


def test_the_command_names_what_it_found_and_exits_with_1() -> None:
    make_bike(status="rented", number="LOST-1")
    output = StringIO()

    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile", "--since", "all", stdout=output)

    assert "bikes_without_ride          1" in output.getvalue()
    assert "LOST-1" in output.getvalue()


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1w", "٣d", "99999999d"])
def test_a_time_that_is_none_gets_a_sentence(text: str) -> None:
    with pytest.raises(CommandError, match="is not a time like 30m"):
        call_command("reconcile", f"--since={text}")


@pytest.mark.django_db(transaction=True)  # the figures are read on another connection
def test_the_periodic_run_keeps_its_counts_for_the_metrics(client: Client) -> None:
    make_bike(status="rented")
    assert "bikerental_reconcile" not in client.get("/metrics").content.decode()

    assert rentals_reconcile(now=timezone.now()) == 1
    Bike.objects.update(status="available")
    first = client.get("/metrics").content.decode()
    assert rentals_reconcile(now=timezone.now()) == 0

    assert "\nbikerental_reconcile_bikes_without_ride 1.0\n" in first
    assert "\nbikerental_reconcile_bikes_without_ride 0.0\n" in client.get("/metrics").content.decode()
    assert 0 <= float(first.split("\nbikerental_reconcile_age_seconds ")[1].split()[0]) < 60


def test_the_runbook_has_a_section_for_each_count() -> None:
    runbook = Path(settings.BASE_DIR, "docs/operations/runbooks/reconcile.md").read_text()

    assert re.findall(r"^## (\w+)$", runbook, re.MULTILINE) == list(MEANINGS)
    assert {found.check for found in reconcile(Window(now=LATER))} == set(MEANINGS)
