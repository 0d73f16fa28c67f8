"""What reports take out of service, and how much of it before an operator has looked.

A bike waits where the hour's limit is reached: it stays in the street until an operator releases those
that wait or closes their reports.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.constants import TAKE_OUT_PERCENT, TAKE_OUT_WINDOW, TAKE_OUTS_MIN, BikeStatus
from bikerental.fleet.locks import bikes_lock, take_out_limit_lock
from bikerental.fleet.models import Bike, TakeOut, TakeOutLimit
from bikerental.fleet.selectors import bikes_to_take_out, take_outs_are_paused
from bikerental.fleet.types import Pause


def reported_bike_take_out(*, bike_id: UUID, now: datetime) -> Pause | None:
    """Take the bike out of service if enough of its riders reported it, and it stands; the pause that began.

    The caller has locked the bike. Locks the limit, so that of two at once the second counts the first.
    """
    return _take_out(bike_ids=[bike_id], now=now)


@unit_of_work
def reported_bikes_take_out(*, bike_ids: Sequence[UUID], now: datetime) -> Pause | None:
    """Take out of service those of the bikes that were ridden when they were reported; the pause that began.

    Locks the bikes by id, and then the limit.
    """
    bikes_lock(bike_ids=bike_ids)
    return _take_out(bike_ids=bike_ids, now=now)


def pause_end_without_bikes() -> None:
    """A pause in which nothing waits any more ends."""
    if take_outs_are_paused() and not bikes_to_take_out().exists():
        TakeOutLimit.objects.update(paused_at=None)


@unit_of_work
def waiting_bikes_release(*, now: datetime) -> int:
    """An operator has looked: take out of service all that wait, and count anew; how many bikes.

    Locks the bikes by id, and then the limit.
    """
    bike_ids = list(bikes_to_take_out().values_list("pk", flat=True))
    bikes_lock(bike_ids=bike_ids)
    limit = take_out_limit_lock()
    taken = _standing(bike_ids)
    _send_to_maintenance(taken, now=now)
    limit.paused_at, limit.released_at = None, now
    limit.save()
    return len(taken)


def _take_out(*, bike_ids: Sequence[UUID], now: datetime) -> Pause | None:
    if not _standing(bike_ids):  # nearly always: nobody waits for the limit then
        return None
    limit = take_out_limit_lock()
    if limit.paused_at is not None:
        return None
    standing = _standing(bike_ids)
    most, done = _limit_and_count(limit, now)
    room = max(0, most - done)
    _send_to_maintenance(standing[:room], now=now)
    if len(standing) <= room:
        return None
    limit.paused_at = now
    limit.save()
    return Pause(now, most)


def _standing(bike_ids: Sequence[UUID]) -> list[UUID]:
    return list(bikes_to_take_out().filter(pk__in=bike_ids).values_list("pk", flat=True))


def _limit_and_count(limit: TakeOutLimit, now: datetime) -> tuple[int, int]:
    """How many the hour allows, and how many it has seen. The fleet is what is in service or was until then."""
    since = now - TAKE_OUT_WINDOW if limit.released_at is None else max(now - TAKE_OUT_WINDOW, limit.released_at)
    done = TakeOut.objects.filter(created_at__gt=since).count()
    in_service = Bike.objects.exclude(status=BikeStatus.MAINTENANCE).count()
    return max(TAKE_OUTS_MIN, (in_service + done) * TAKE_OUT_PERCENT // 100), done


def _send_to_maintenance(bike_ids: Sequence[UUID], *, now: datetime) -> None:
    Bike.objects.filter(pk__in=bike_ids).update(status=BikeStatus.MAINTENANCE)
    TakeOut.objects.bulk_create(TakeOut(bike_id=bike_id, created_at=now) for bike_id in bike_ids)
