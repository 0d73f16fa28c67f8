"""Takes bikes out of service because of reports, up to a limit until an operator has checked.

Beyond the hour's limit a bike stays in the street and waits, until an operator releases the waiting bikes or closes
their reports.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import run_in_batches
from bikerental.fleet.constants import BikeStatus, Transitions
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike
from bikerental.fleet.services import bikes_move
from bikerental.fleet.types import SYSTEM
from bikerental.maintenance.constants import SWEEP_BATCH, TAKE_OUT_PERCENT, TAKE_OUT_WINDOW, TAKE_OUTS_MIN
from bikerental.maintenance.locks import take_out_limit_lock
from bikerental.maintenance.messages import TAKE_OUTS_PAUSED
from bikerental.maintenance.models import TakeOut, TakeOutLimit
from bikerental.maintenance.selectors import bikes_to_take_out, take_outs_are_paused
from bikerental.notifications.services import notification_create


def reported_bike_take_out(*, bike_id: UUID, now: datetime) -> None:
    """Take the bike out of service if enough of its riders reported it and it is free.

    The caller has locked the bike. Locks the limit, so that of two at once the second counts the first.
    """
    _take_out(bike_ids=[bike_id], now=now)


@unit_of_work
def grave_return_take_out(*, bike_id: UUID, now: datetime) -> bool:
    """Whether a bike that is returned with a grave report leaves service. If so, it is counted.

    One rider's report is enough here, because nobody else needs the bike now. The hour's limit applies. The caller has
    locked the bike, and moves it. Locks the limit.
    """
    limit = take_out_limit_lock()
    most, done = _limit_and_count(limit, now)
    if limit.paused_at is not None or done >= most:
        return False
    TakeOut.objects.create(bike_id=bike_id, created_at=now)
    return True


def reported_bikes_sweep(*, now: datetime) -> None:
    """Take out of service the bikes that were ridden when they were reported, unless there is a pause.

    A pause ends when no bike waits any more.
    """
    if take_outs_are_paused() and not bikes_to_take_out().exists():
        TakeOutLimit.objects.update(paused_at=None)
    if not take_outs_are_paused():
        take = partial(_bikes_take_out, now=now)
        run_in_batches("take out reported bikes", bikes_to_take_out(), take, size=SWEEP_BATCH)


@unit_of_work
def _bikes_take_out(bike_ids: Sequence[UUID], *, now: datetime) -> int:
    """Take out the bikes. Returns how many, or 0 if a pause began. Locks the bikes by id, then the limit."""
    bikes_lock(bike_ids=bike_ids)
    return len(bike_ids) if _take_out(bike_ids=bike_ids, now=now) else 0


@unit_of_work
def waiting_bikes_release(*, now: datetime) -> int:
    """For an operator who has checked: take all waiting bikes out of service, and count from 0 again. Returns how
    many.

    Locks the bikes by id, then the limit.
    """
    bike_ids = list(bikes_to_take_out().values_list("pk", flat=True))
    bikes_lock(bike_ids=bike_ids)
    limit = take_out_limit_lock()
    taken = _standing(bike_ids)
    _send_to_maintenance(taken, now=now)
    limit.paused_at, limit.released_at = None, now
    limit.save()
    return len(taken)


def _take_out(*, bike_ids: Sequence[UUID], now: datetime) -> bool:
    """Take out the free bikes, up to the hour's limit. False if this began a pause."""
    if not _standing(bike_ids):  # nearly always: then no bike waits for the limit
        return True
    limit = take_out_limit_lock()
    if limit.paused_at is not None:
        return True
    standing = _standing(bike_ids)
    most, done = _limit_and_count(limit, now)
    room = max(0, most - done)
    _send_to_maintenance(standing[:room], now=now)
    if len(standing) <= room:
        return True
    limit.paused_at = now
    limit.save()
    _operators_notify(now, most)
    return False


def _operators_notify(began_at: datetime, limit: int) -> None:
    """Tell the operators once for each pause, since a pause begins once."""
    notification_create(
        kind=TAKE_OUTS_PAUSED.name,
        recipient_id=None,
        subject_id=None,
        key=f"take_outs_paused:{began_at.isoformat()}",
        context={"limit": limit, "waiting": bikes_to_take_out().count()},
    )


def _standing(bike_ids: Sequence[UUID]) -> list[UUID]:
    return list(bikes_to_take_out().filter(pk__in=bike_ids).values_list("pk", flat=True))


def _limit_and_count(limit: TakeOutLimit, now: datetime) -> tuple[int, int]:
    """The hour's limit, and its count so far. The fleet is the bikes in service and those that were until they were
    taken out."""
    since = now - TAKE_OUT_WINDOW if limit.released_at is None else max(now - TAKE_OUT_WINDOW, limit.released_at)
    done = TakeOut.objects.filter(created_at__gt=since).count()
    in_service = Bike.objects.exclude(status__in=(BikeStatus.MAINTENANCE, BikeStatus.RETIRED)).count()
    return max(TAKE_OUTS_MIN, (in_service + done) * TAKE_OUT_PERCENT // 100), done


def _send_to_maintenance(bike_ids: Sequence[UUID], *, now: datetime) -> None:
    bikes_move(
        bike_ids=bike_ids, transition=Transitions.SEND_TO_MAINTENANCE, actor=SYSTEM, now=now, note="reported by riders"
    )
    TakeOut.objects.bulk_create(TakeOut(bike_id=bike_id, created_at=now) for bike_id in bike_ids)
