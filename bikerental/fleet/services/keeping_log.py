"""Maintenance of the log of bikes: old rows are deleted, and missing rows are added."""

import logging
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef

from bikerental.core.db.keyset import rows_in_parts
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import run_in_batches
from bikerental.core.work.purging import PURGE_BATCH
from bikerental.fleet.constants import FIRST_EVENT_TYPES, TRANSITIONS, ActorKind, BikeStatus, EventType
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.fleet.selectors import bikes_off_log

logger = logging.getLogger(__name__)

REPAIR_BATCH = 1000


def bike_events_purge(*, now: datetime) -> int:
    """Delete rows older than BIKE_LOG_RETENTION_DAYS, except the last one of each bike. Returns how many."""
    later = BikeEvent.objects.filter(bike=OuterRef("bike"), pk__gt=OuterRef("pk"))
    old = BikeEvent.objects.filter(happened_at__lt=now - timedelta(days=settings.BIKE_LOG_RETENTION_DAYS))
    # The last rows of bikes that stand still stay, so there may be as many old rows as bikes.
    parts = rows_in_parts(old.filter(Exists(later)).order_by("happened_at"), along=old, key="happened_at")
    return sum(
        run_in_batches("purge bike events", part, _delete, size=PURGE_BATCH, batches=sys.maxsize) for part in parts
    )


@unit_of_work
def _delete(event_ids: Sequence[int]) -> int:
    with connection.cursor() as cursor:  # until the commit; otherwise the trigger refuses
        cursor.execute("SELECT set_config('bikerental.retention', 'on', true)")
    return BikeEvent.objects.filter(pk__in=event_ids).delete()[0]


def bike_log_repair(*, now: datetime) -> int:
    """Add missing rows, so that each bike's last row has the bike's state. Returns for how many bikes.

    Rows are missing after a deploy: the release before the log moved bikes without writing one.
    """
    parts = rows_in_parts(bikes_off_log(), along=Bike.objects.all())
    repaired = sum(
        run_in_batches("mend bike log", part, lambda ids: _repair(ids, now), size=REPAIR_BATCH) for part in parts
    )
    if repaired:
        logger.error("Added missing rows to the log for %d bikes", repaired)
    return repaired


@unit_of_work
def _repair(bike_ids: Sequence[UUID], now: datetime) -> int:
    """Locks the bikes by id."""
    bikes_lock(bike_ids=bike_ids)
    bikes = list(bikes_off_log().filter(pk__in=bike_ids))
    BikeEvent.objects.bulk_create(_missing(bike, now) for bike in bikes)
    return len(bikes)


def _missing(bike: Bike, now: datetime) -> BikeEvent:
    return BikeEvent(
        bike=bike,
        happened_at=now,
        event_types=_event_types(bike.last_state, bike.status),  # type: ignore[attr-defined] # annotated
        state=bike.status,
        latitude=bike.latitude,
        longitude=bike.longitude,
        station_id=bike.station_id,
        actor=ActorKind.SYSTEM,
        note="added later",
    )


def _event_types(before: str | None, status: str) -> Sequence[EventType]:
    for transition in TRANSITIONS:
        if before in transition.origins and status == transition.state:
            return transition.event_types
    return FIRST_EVENT_TYPES[BikeStatus(status)]
