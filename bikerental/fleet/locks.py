"""The only row locks of the fleet app. Order in the house: user, rental, bike, station."""

from collections.abc import Sequence
from uuid import UUID

from bikerental.core.db.statements import Statement, as_text, select
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors.bikes import bikes_filter
from bikerental.fleet.types import BikeFilters, BikeForRental, StationPlace

# In the order of the fields of BikeForRental.
_COLUMNS = (
    "id", "number", "status", "model_id", "model__name", "model__propulsion", "station_id", "station__name",
    "tariff_id", "tariff__name", "tariff__currency", as_text("tariff__unlock_fee"), as_text("tariff__per_minute"),
    "tariff__free_minutes", as_text("tariff__daily_cap"), "tariff__overdue_after_minutes",
)  # fmt: skip
_BIKE_BY_ID = Statement(
    lambda v: select(Bike.objects.filter(pk=v["bike_id"]).values_list(*_COLUMNS), lock=[Bike]), bike_id=UUID
)
_BIKE_BY_NUMBER = Statement(
    lambda v: select(bikes_filter(BikeFilters(number_key=v["number_key"])).values_list(*_COLUMNS), lock=[Bike]),
    number_key=str,
)

_STATION = Statement(
    lambda v: select(Station.objects.filter(pk=v["station_id"]).values_list(*StationPlace._fields), keep=[Station]),
    station_id=UUID,
)


def bike_lock_for_rental(*, bike_id: UUID | None = None, number_key: str | None = None) -> BikeForRental | None:
    """The bike by its id or by its number's key, locked, with model, tariff and station. One statement.

    Only the bike is locked: a rental of another bike reads the same tariff without waiting. After
    a wait PostgreSQL has the bike as it is now and its neighbours as they were: a bike that got
    another tariff finds none and is left out, one that came to another station lacks its name.
    The second statement, for these alone, reads everything anew.
    """
    bike = _bike_locked(bike_id, number_key)
    if bike is None or (bike.station_id is not None and bike.station_name is None):
        bike = _bike_locked(bike_id, number_key)
    return bike


def _bike_locked(bike_id: UUID | None, number_key: str | None) -> BikeForRental | None:
    row = _BIKE_BY_ID.first(bike_id=bike_id) if bike_id is not None else _BIKE_BY_NUMBER.first(number_key=number_key)
    return None if row is None else BikeForRental._make(row)


def station_keep(*, station_id: UUID) -> StationPlace | None:
    """The station, which nobody deletes until the unit of work ends; returns there do not wait for each other.

    One statement.
    """
    row = _STATION.first(station_id=station_id)
    return None if row is None else StationPlace._make(row)


def station_lock(*, station_id: UUID) -> None:
    """The station, whole: waits for those who return there, and they wait for it. One statement."""
    list(Station.objects.select_for_update().filter(pk=station_id).values_list("pk"))


def bikes_lock(*, bike_ids: Sequence[UUID]) -> None:
    """The bikes, locked in the order of their ids, so that no two wait for each other. One statement."""
    bikes = Bike.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=bike_ids)
    list(bikes.order_by("pk").values_list("pk"))
