"""Stations, and the bikes that move with them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.locks import bikes_lock, station_lock
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.services.moving import bikes_log_place
from bikerental.fleet.types import operator


@unit_of_work
def station_add(*, station: Station) -> None:
    station.save(force_insert=True)


@unit_of_work
def station_edit(*, station: Station, fields: Collection[str], operator_id: UUID, now: datetime) -> None:
    """Write only the fields that an operator changed, and move the station's bikes along.

    Locks the bikes by id, then the station. So a bike that is returned there at the same time is either moved along or
    put at the new place. A bike during a ride is at no station.
    """
    if not {"latitude", "longitude"}.intersection(fields):
        station.save(update_fields=fields)
        return
    standing = Bike.objects.filter(station=station).exclude(status=BikeStatus.RENTED)
    bikes_lock(bike_ids=list(standing.values_list("pk", flat=True)))
    station_lock(station_id=station.pk)
    station.save(update_fields=fields)
    standing.update(latitude=station.latitude, longitude=station.longitude)
    moved = list(standing.values_list("pk", flat=True))
    bikes_log_place(bike_ids=moved, actor=operator(operator_id), now=now, note="station moved")
