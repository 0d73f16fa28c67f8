"""The only row locks of the fleet app. Order in the house: user, rental, bike, station."""

from collections.abc import Sequence
from uuid import UUID

from bikerental.core.db.statements import Columns, Select, as_text
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.types import StationPlace

_STATION = Select(
    Columns(StationPlace, id=as_text("id")),
    lambda v: Station.objects.filter(pk=v["station_id"]),
    keep=[Station],
    station_id=UUID,
)


def station_keep(*, station_id: UUID) -> StationPlace | None:
    """The station, which nobody deletes until the unit of work ends; returns there do not wait for each other.

    One statement.
    """
    return _STATION.first(station_id=station_id)


def station_lock(*, station_id: UUID) -> None:
    """The station, whole: waits for those who return there, and they wait for it. One statement."""
    list(Station.objects.select_for_update().filter(pk=station_id).values_list("pk"))


def bikes_lock(*, bike_ids: Sequence[UUID]) -> None:
    """The bikes, locked in the order of their ids, so that no two wait for each other. One statement."""
    bikes = Bike.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=bike_ids)
    list(bikes.order_by("pk").values_list("pk"))
