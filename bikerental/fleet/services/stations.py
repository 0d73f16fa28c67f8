"""Stations, and the bikes that move with them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import StationChangedError
from bikerental.fleet.locks import bikes_lock, station_lock, stations_lock
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.services.moving import bikes_log_place
from bikerental.fleet.types import Actor, operator


@unit_of_work
def station_add(*, station: Station) -> None:
    station.save(force_insert=True)


@unit_of_work
def station_edit(
    *,
    station: Station,
    fields: Collection[str],
    operator_id: UUID,
    now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> None:
    """Write only the fields that an operator changed, and move the station's bikes along.

    Locks the bikes by id, then the station. So a bike that is returned there at the same time is either moved along or
    put at the new place. A bike during a ride is at no station.

    :param seen: what the operator saw in these fields; without it nothing is compared
    :raises StationChangedError: if one of them is another by now
    """
    is_moved = bool({"latitude", "longitude"}.intersection(fields))
    if is_moved:
        bikes_lock(bike_ids=list(standing_bikes(station_ids=[station.pk]).values_list("pk", flat=True)))
        station_lock(station_id=station.pk)
    elif seen is not None:
        stations_lock(station_ids=[station.pk])
    if seen is not None and not Station.objects.filter(pk=station.pk, **seen).exists():
        raise StationChangedError
    station.save(update_fields=fields)
    if is_moved:
        stations_move_bikes(station_ids=[station.pk], actor=operator(operator_id), now=now)


def standing_bikes(*, station_ids: Sequence[UUID]) -> QuerySet[Bike]:
    return Bike.objects.filter(station__in=station_ids).exclude(status=BikeStatus.RENTED)


def stations_move_bikes(*, station_ids: Sequence[UUID], actor: Actor, now: datetime) -> None:
    """Put the bikes that stand at stations where the stations are now. The caller has locked both."""
    if not station_ids:
        return
    standing, station = standing_bikes(station_ids=station_ids), Station.objects.filter(pk=OuterRef("station"))
    standing.update(latitude=Subquery(station.values("latitude")), longitude=Subquery(station.values("longitude")))
    moved = list(standing.values_list("pk", flat=True))
    bikes_log_place(bike_ids=moved, actor=actor, now=now, note="station moved")
