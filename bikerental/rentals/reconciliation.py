"""Counts inconsistent rows. All counts are zero unless something went wrong.

Most counts compare rows in the statement that finds them, so that each row is seen in one snapshot: a ride that begins
meanwhile is no finding. The others compute prices again with `pricing.price`, compare rides with their charges, and
add up the ledger. Large tables are read in parts, so that each statement ends long before its timeout. Only what is
wrong or late is read in one statement.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, Count, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from bikerental.billing import reconciliation as ledger
from bikerental.core.db.keyset import PART_SIZE, rows_in_parts
from bikerental.core.models import FailedRow
from bikerental.core.registry import declared
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import Bike
from bikerental.fleet.selectors import bikes_contradicted_by_log
from bikerental.http.models import IdempotencyKey
from bikerental.notifications.models import Notification
from bikerental.rentals.messages import RECEIPT
from bikerental.rentals.models import ReconcileCount, Rental, RentalEvent, Reservation
from bikerental.rentals.pricing import ZERO, Cost, cost_at
from bikerental.users.models import User

BATCH = 5_000
SHOWN_MAX = 20
# Twice the time that the sweeps need in the worst case.
GRACE = timedelta(seconds=60)

Progress = Callable[[str, int], None]
Parts = Iterable[QuerySet[Any, Any]]


class Window(NamedTuple):
    """The rows to check. The cheap counts check all open rows."""

    now: datetime
    since: datetime | None = None  # rides that began, and messages and keys that were written, since then
    grace: timedelta = GRACE  # rows that are unsettled or unsent for less are still in progress

    @property
    def late(self) -> datetime:
        return self.now - self.grace


class Finding(NamedTuple):
    """The number of inconsistent rows, and the first of them."""

    check: str
    rows: int = 0
    examples: tuple[str, ...] = ()

    def plus(self, rows: Sequence[Any], *, count: int | None = None) -> "Finding":
        """With these rows added.

        :param count: how many there are, if `rows` are only the first of them
        """
        examples = self.examples + tuple(map(str, rows[: SHOWN_MAX - len(self.examples)]))
        return Finding(self.check, self.rows + (len(rows) if count is None else count), examples)


def reconcile(window: Window, *, progress: Progress = lambda check, rows: None) -> list[Finding]:
    """Run every count, in a fixed order. Up to two statements for each part of 20,000 rows that a count reads, two for
    each 5,000 settled rides of the window, and five for each 20,000 entries of the ledger.

    :param progress: called with the name of a count and the number of rows read so far for it
    """
    findings = [_found(name, parts(window), progress) for name, parts in _checks().items()]
    return findings + _ledger_wrong(window, progress) + _rides_wrong(window, progress)


def _found(name: str, parts: Parts, progress: Progress) -> Finding:
    found = Finding(name)
    for number, part in enumerate(parts):
        progress(name, number * PART_SIZE)
        shown = [row[0] for row in part[:SHOWN_MAX]]
        found = found.plus(shown, count=len(shown) if len(shown) < SHOWN_MAX else part.count())
    return found


def _bikes_without_ride(window: Window) -> Parts:
    riding = Rental.objects.filter(bike=OuterRef("pk"), status=Rental.Status.ACTIVE)
    return _along_bikes(Bike.objects.filter(~Exists(riding), status=BikeStatus.RENTED))


def _rides_without_bike(window: Window) -> Parts:
    active = Rental.objects.filter(status=Rental.Status.ACTIVE)
    return rows_in_parts(active.exclude(bike__status=BikeStatus.RENTED).order_by().values_list("pk"), along=active)


def _bikes_ridden_twice(window: Window) -> Parts:
    return _open_twice("bike_id")


def _bikes_off_station(window: Window) -> Parts:
    standing = Bike.objects.filter(station__isnull=False).exclude(status=BikeStatus.RENTED)
    here = Q(latitude=F("station__latitude"), longitude=F("station__longitude"))
    return _along_bikes(standing.exclude(here))


def _states_off_log(window: Window) -> Parts:
    return _along_bikes(bikes_contradicted_by_log())


def _along_bikes(bikes: QuerySet[Bike]) -> Parts:
    return rows_in_parts(bikes.order_by().values_list("number"), along=Bike.objects.all())


def _holds_run_out(window: Window) -> Parts:
    """The sweep ends a reservation within seconds. Until then lists hide its bike."""
    active = Reservation.objects.filter(status=Reservation.Status.ACTIVE, expires_at__lt=window.late)
    return [active.order_by("expires_at").values_list("pk")]


def _holds_without_bike(window: Window) -> Parts:
    active = Reservation.objects.filter(status=Reservation.Status.ACTIVE)
    return rows_in_parts(active.exclude(bike__status=BikeStatus.RESERVED).order_by().values_list("pk"), along=active)


def _bikes_without_hold(window: Window) -> Parts:
    active = Reservation.objects.filter(bike=OuterRef("pk"), status=Reservation.Status.ACTIVE)
    return _along_bikes(Bike.objects.filter(~Exists(active), status=BikeStatus.RESERVED))


def _rides_of_closed_accounts(window: Window) -> Parts:
    active = Rental.objects.filter(status=Rental.Status.ACTIVE)
    return rows_in_parts(active.filter(rider__is_active=False).order_by().values_list("pk"), along=active)


def _riders_riding_twice(window: Window) -> Parts:
    return _open_twice("rider_id")


def _open_twice(column: str) -> Parts:
    active = Rental.objects.filter(status=Rental.Status.ACTIVE).order_by()
    twice: QuerySet[Any, Any] = active.values(column).annotate(rides=Count("pk")).filter(rides__gt=1)
    return rows_in_parts(twice.values_list(column), along=active, key=column)


def _rides_unsettled(window: Window) -> Parts:
    # An operator may set an end long ago. The time of the operator's action counts.
    just_ended = RentalEvent.objects.filter(
        rental=OuterRef("pk"), kind=RentalEvent.Kind.ENDED_BY_OPERATOR, happened_at__gte=window.late
    )
    late = Rental.objects.filter(~Exists(just_ended), status=Rental.Status.RETURNED, ended_at__lt=window.late)
    return [late.order_by("ended_at").values_list("pk")]


def _receipts_missing(window: Window) -> Parts:
    # Old receipts are deleted, and a demo city never had any, so only rides since the oldest message are checked.
    oldest = Notification.objects.order_by("pk").values_list("created_at", flat=True).first()
    if oldest is None:
        return []
    receipt = Notification.objects.filter(key=Concat(Value("receipt:"), Cast(OuterRef("pk"), CharField())))
    # A free ride may have none.
    settled = Rental.objects.filter(status=Rental.Status.SETTLED, settled_at__gte=oldest, cost_amount__gt=0)
    settled = _since(settled, "started_at", max(oldest - timedelta(days=30), window.since or oldest))
    return rows_in_parts(settled.filter(~Exists(receipt)).values_list("pk"), along=settled, key="started_at")


def _receipts_doubled(window: Window) -> Parts:
    receipts = _since(Notification.objects.filter(kind=RECEIPT.name), "created_at", window.since)
    # No two messages have one key, so of two receipts one at least has another key than receipts have. The other may
    # have one as well, or come later.
    usual = Concat(Value("receipt:"), Cast("subject_id", CharField()))
    doubled = receipts.filter(~Q(key=usual)).values_list("subject_id").distinct()
    return rows_in_parts(doubled, along=receipts, key="created_at")


def _messages_unsent(window: Window) -> Parts:
    due = Q(state=Notification.State.PENDING, next_attempt_at__lt=window.late)
    abandoned = Q(state=Notification.State.SENDING, claimed_until__lt=window.late)
    return [Notification.objects.filter(due | abandoned).order_by("next_attempt_at").values_list("pk")]


def _keys_orphaned(window: Window) -> Parts:
    """Keys whose answer names a ride that is missing, is not in the answered state, or has no rider any more."""
    answer = Func(F("body"), Value("UTF8"), function="convert_from", output_field=CharField())
    rental_id = Cast(KeyTextTransform("id", Cast(answer, JSONField())), UUIDField())
    ride = Rental.objects.filter(pk=OuterRef("rental_id"), rider_id=OuterRef("rider_id"))
    ended = ride.exclude(status=Rental.Status.ACTIVE)
    rider = User.objects.filter(pk=OuterRef("rider_id"), is_active=True)
    kept = Q(status=201) & Exists(ride) | ~Q(status=201) & Exists(ended)
    keys = _since(IdempotencyKey.objects.filter(route__startswith="POST rentals/"), "created_at", window.since)
    orphaned: QuerySet[Any, Any] = keys.annotate(rental_id=rental_id).exclude(kept & Exists(rider))
    return rows_in_parts(orphaned.values_list("pk"), along=IdempotencyKey.objects.all())


def _rows_failed(window: Window) -> Parts:
    named = Concat("task", Value(" "), "row_id", Value(": "), "error", output_field=CharField())
    return [FailedRow.objects.order_by("pk").values_list(named)]


def _charges_without_ride(window: Window) -> Parts:
    settled = Rental.objects.filter(pk=OuterRef("rental_id"), status=Rental.Status.SETTLED)
    return ledger.charges_without(settled, window.since)


def _since(rows: QuerySet[Any, Any], column: str, since: datetime | None) -> QuerySet[Any, Any]:
    rows = rows.order_by()
    return rows if since is None else rows.filter(**{f"{column}__gte": since})


def _checks() -> "dict[str, Callable[[Window], Parts]]":
    """The checks of this app, and those that apps above declare as `CHECKS` in their `checks.py`."""
    checks = dict(_CHECKS)
    for more in declared("checks", "CHECKS"):
        checks |= more
    return checks


_CHECKS: dict[str, Callable[[Window], Parts]] = {
    "bikes_without_ride": _bikes_without_ride,
    "rides_without_bike": _rides_without_bike,
    "bikes_off_station": _bikes_off_station,
    "states_off_log": _states_off_log,
    "holds_run_out": _holds_run_out,
    "holds_without_bike": _holds_without_bike,
    "bikes_without_hold": _bikes_without_hold,
    "rides_of_closed_accounts": _rides_of_closed_accounts,
    "bikes_ridden_twice": _bikes_ridden_twice,
    "riders_riding_twice": _riders_riding_twice,
    "rides_unsettled": _rides_unsettled,
    "receipts_missing": _receipts_missing,
    "receipts_doubled": _receipts_doubled,
    "messages_unsent": _messages_unsent,
    "keys_orphaned": _keys_orphaned,
    "rows_failed": _rows_failed,
    "charges_without_ride": _charges_without_ride,
    "charges_doubled": lambda window: ledger.charges_doubled(window.since),
}


def _ledger_wrong(window: Window, progress: Progress) -> list[Finding]:
    wrong = ledger.sums_wrong(window.since, progress=lambda entries: progress("entries_unbalanced", entries))
    return [
        Finding("entries_unbalanced").plus(wrong.entries),
        Finding("accounts_wrong").plus(wrong.accounts),
        Finding("trial_balance").plus(wrong.currencies),
    ]


def _rides_wrong(window: Window, progress: Progress) -> list[Finding]:
    """Rides whose charge is not there or not what they cost, and whose cost is not what their terms say."""
    missing, charges_wrong, costs_wrong = map(Finding, ("charges_missing", "charges_wrong", "costs_wrong"))
    done = 0
    settled = Rental.objects.filter(status=Rental.Status.SETTLED)
    for batch in _batches(_since(settled, "started_at", window.since)):
        done += len(batch)
        progress("costs_wrong", done)
        charges = ledger.charges_of(rental_ids=[ride.pk for ride in batch])
        charged = [(ride, charges[ride.pk]) for ride in batch if ride.pk in charges]
        missing = missing.plus([ride.pk for ride in batch if ride.cost_amount and ride.pk not in charges])
        charges_wrong = charges_wrong.plus([ride.pk for ride, charge in charged if not _is_charged_right(ride, charge)])
        costs_wrong = costs_wrong.plus([ride.pk for ride in batch if not _is_priced_right(ride, window.now)])
    return [missing, charges_wrong, costs_wrong]


def _is_charged_right(rental: Rental, charge: ledger.RideCharge) -> bool:
    # A ride may be anonymous by now.
    is_riders = rental.rider_id in (None, charge.rider_id)
    return is_riders and (rental.cost_amount, rental.currency) == (charge.amount, charge.currency)


def _is_priced_right(rental: Rental, now: datetime) -> bool:
    cost = Cost(ZERO, ()) if rental.is_cancelled else cost_at(rental, now)
    return (rental.cost_amount, rental.cost_lines) == (cost.amount, [line.as_json() for line in cost.lines])


def _batches(rentals: QuerySet[Rental]) -> Iterator[list[Rental]]:
    """Batches of rentals, newest first, along the index of `started_at` and id."""
    rentals = rentals.order_by("-started_at", "-pk")
    batch = list(rentals[:BATCH])
    while batch:
        yield batch
        last = batch[-1]
        after = Q(started_at__lt=last.started_at) | Q(started_at=last.started_at, pk__lt=last.pk)
        batch = list(rentals.filter(after, started_at__lte=last.started_at)[:BATCH])


def reconcile_counts() -> dict[str, float]:
    """The counts of the last periodic run and its age in seconds, under their names for Prometheus. One statement.

    They are read, not counted again, so that a scrape is cheap. A growing age shows that no run succeeds.
    """
    rows = list(ReconcileCount.objects.order_by("check_name"))
    gauges = {f"bikerental_reconcile_{row.check_name}": float(row.count) for row in rows}
    if rows:
        oldest = min(row.checked_at for row in rows)
        gauges["bikerental_reconcile_age_seconds"] = (timezone.now() - oldest).total_seconds()
    return gauges
