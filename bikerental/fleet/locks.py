"""The only row locks of the fleet app. Order in the house: user, rental, bike, station."""

from collections.abc import Sequence
from uuid import UUID

from bikerental.core.db.statements import Columns, Select, as_text
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors.bikes import TERMS, of_number
from bikerental.fleet.types import BikeForRental, StationPlace

_BIKE = Columns(
    BikeForRental,
    id=as_text("id"),
    model_id=as_text("model_id"),
    model_name="model__name",
    model_propulsion="model__propulsion",
    station_id=as_text("station_id"),
    station_name="station__name",
    station_is_renting="station__is_renting",
    tariff_id=as_text("tariff_id"),
    terms=TERMS,
)
_BIKE_BY_ID = Select(_BIKE, lambda v: Bike.objects.filter(pk=v["bike_id"]), lock=[Bike], bike_id=UUID)
_BIKE_BY_NUMBER = Select(_BIKE, lambda v: Bike.objects.filter(of_number(v["number_key"])), lock=[Bike], number_key=str)
_STATION = Select(
    Columns(StationPlace, id=as_text("id")),
    lambda v: Station.objects.filter(pk=v["station_id"]),
    keep=[Station],
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
    if bike_id is not None:
        return _BIKE_BY_ID.first(bike_id=bike_id)
    return _BIKE_BY_NUMBER.first(number_key=number_key)


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
