"""The row locks of the fleet app. The overview (docs/architecture/overview.md) has the order of locks."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from bikerental.core.db.columns import Columns, as_text
from bikerental.core.db.statements import Select
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.types import StationPlace

_STATION = Select(
    Columns(StationPlace, id=as_text("id")),
    lambda v: Station.objects.filter(pk=v["station_id"]),
    lock_shared=[Station],
    station_id=UUID,
)


def station_lock_shared(*, station_id: UUID) -> StationPlace | None:
    """The station, which cannot be deleted until the unit of work ends. Returns to it do not block each other.

    One statement.
    """
    return _STATION.first(station_id=station_id)


def station_lock(*, station_id: UUID) -> None:
    """Lock the station also against returns, which take the shared lock. One statement."""
    list(Station.objects.select_for_update().filter(pk=station_id).values_list("pk"))


def bikes_lock(*, bike_ids: Sequence[UUID]) -> None:
    """Lock the bikes in the order of their ids, so that no two transactions deadlock. One statement."""
    bikes = Bike.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=bike_ids)
    list(bikes.order_by("pk").values_list("pk"))


def stations_lock(*, station_ids: Sequence[UUID]) -> None:
    """Lock the stations against being moved or deleted, in the order of their ids. Returns go on. One statement."""
    stations = Station.objects.select_for_update(no_key=True).filter(pk__in=station_ids)
    list(stations.order_by("pk").values_list("pk"))


def fleet_load_lock() -> bool:
    """Only one file is loaded at a time. False if another one is being loaded. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('fleet load', 0))")
        return bool(cursor.fetchone()[0])
