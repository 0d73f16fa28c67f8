"""What riders say of bikes: the rides know who rode which, and the operators are told from here."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import run_left_over
from bikerental.fleet.selectors import bikes_to_take_out, take_outs_are_paused
from bikerental.fleet.services import (
    ReportMade,
    bike_report_create,
    pause_end_without_bikes,
    reported_bikes_take_out,
)
from bikerental.fleet.types import Pause
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notification_create
from bikerental.rentals.constants import SWEEP_BATCH
from bikerental.rentals.selectors import has_ridden_lately


@unit_of_work
def rider_report(*, rider_id: UUID, bike_id: UUID, kind: str, text: str, now: datetime) -> ReportMade:
    """Keep what a rider says of a bike. It counts if the rider rode the bike lately, or rides it.

    :raises AccountClosedError, BikeNotFoundError, ThrottledError: as `bike_report_create`
    """
    made = bike_report_create(
        bike_id=bike_id,
        rider_id=rider_id,
        kind=kind,
        text=text,
        counts=has_ridden_lately(rider_id=rider_id, bike_id=bike_id, now=now),
        now=now,
    )
    _operators_tell(made.pause)
    return made


def reported_bikes_sweep(*, now: datetime) -> None:
    """Take out of service what was ridden when it was reported, while there is no pause."""
    pause_end_without_bikes()
    if not take_outs_are_paused():
        take = partial(_take_out, now=now)
        run_left_over("take out reported bikes", bikes_to_take_out(), take, size=SWEEP_BATCH)


@unit_of_work
def _take_out(bike_ids: Sequence[UUID], *, now: datetime) -> int:
    pause = reported_bikes_take_out(bike_ids=bike_ids, now=now)
    _operators_tell(pause)
    return 0 if pause else len(bike_ids)


def _operators_tell(pause: Pause | None) -> None:
    """Once a pause: it begins once."""
    if pause is None:
        return
    notification_create(
        kind=Notification.Kind.TAKE_OUTS_PAUSED,
        recipient_id=None,
        subject_id=None,
        key=f"take_outs_paused:{pause.began_at.isoformat()}",
        context={"limit": pause.limit, "waiting": bikes_to_take_out().count()},
    )
