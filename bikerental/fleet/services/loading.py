"""Bikes and stations from a file: many rows in one transaction, with the same log as one by one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.constants import BikeStatus, Transitions
from bikerental.fleet.exceptions import FleetChangedError
from bikerental.fleet.locks import bikes_lock, station_lock, stations_lock
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.numbers import number_key
from bikerental.fleet.selectors import bike_difference, bikes_by_number_key, station_difference
from bikerental.fleet.services.moving import bikes_log_place, bikes_move
from bikerental.fleet.services.stations import standing_bikes, stations_move_bikes
from bikerental.fleet.types import Actor, BikeWanted, FleetLoaded, StationWanted

PART = 1_000  # rows of a statement
POSITION = ("latitude", "longitude")
STATION_FIELDS = ("name", *POSITION, "capacity", "is_renting", "is_returning")
NOTE = "from a file"
# How a new bike comes to another state than available.
FIRST_MOVES = {
    BikeStatus.MAINTENANCE: Transitions.SEND_TO_MAINTENANCE,
    BikeStatus.RETIRED: Transitions.DECOMMISSION,
}

# Django's `bulk_update` takes eight times as long.
_SET_TERMS = """
    UPDATE fleet_bike AS bike
       SET model_id = COALESCE(wanted.model_id, bike.model_id), tariff_id = COALESCE(wanted.tariff_id, bike.tariff_id)
      FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS wanted (id, model_id, tariff_id)
     WHERE bike.id = wanted.id
"""
_SET_PLACES = """
    UPDATE fleet_bike AS bike
       SET station_id = wanted.station_id, latitude = wanted.latitude, longitude = wanted.longitude
      FROM unnest(%s::uuid[], %s::uuid[], %s::float8[], %s::float8[]) AS wanted (id, station_id, latitude, longitude)
     WHERE bike.id = wanted.id
"""


@unit_of_work
def fleet_load(
    *, stations: Sequence[StationWanted], bikes: Sequence[BikeWanted], actor: Actor, now: datetime
) -> FleetLoaded:
    """Add the stations and bikes that do not exist, and change those that differ. An existing bike keeps its state.

    Locks the bikes that change, by id, then the stations. So a file that changes nothing delays no rider.

    :raises FleetChangedError: if a row was added or deleted meanwhile; then nothing is written
    """
    try:
        old = Station.objects.in_bulk([wanted.station_id for wanted in stations])
        existing = bikes_by_number_key({number_key(wanted.number) for wanted in bikes})
        changed = [
            each for each in stations if each.station_id in old and station_difference(old[each.station_id], each)
        ]
        moved = [each.station_id for each in changed if station_difference(old[each.station_id], each) & {*POSITION}]
        differing = [bike.pk for bike, wanted in _pairs(existing, bikes) if any(bike_difference(bike, wanted)[:2])]
        _lock(differing, moved, [each.station_id for each in changed], bikes)

        added = _add_stations([each for each in stations if each.station_id not in old])
        _change_stations(changed)
        stations_move_bikes(station_ids=moved, actor=actor, now=now)
        _add_bikes([each for each in bikes if number_key(each.number) not in existing], actor, now)
        locked = {number_key(bike.number): bike for bike in Bike.objects.filter(pk__in=differing)}
        if len(locked) < len(differing):
            raise FleetChangedError
        bikes_changed = _change_bikes(_pairs(locked, bikes), actor, now)
    except IntegrityError as error:
        raise FleetChangedError from error
    return FleetLoaded(
        stations_added=added,
        stations_changed=[each.station_id for each in changed],
        bikes_added=len(bikes) - len(existing),
        bikes_changed=bikes_changed,
        places_kept=sum(bike_difference(bike, each).is_kept for bike, each in _pairs({**existing, **locked}, bikes)),
    )


def _pairs(existing: Mapping[str, Bike], bikes: Iterable[BikeWanted]) -> list[tuple[Bike, BikeWanted]]:
    found = ((existing.get(number_key(wanted.number)), wanted) for wanted in bikes)
    return [(bike, wanted) for bike, wanted in found if bike is not None]


def _lock(
    bike_ids: Sequence[UUID], moved: Sequence[UUID], changed: Sequence[UUID], bikes: Sequence[BikeWanted]
) -> None:
    """Lock the bikes, then the stations, as everywhere. Only a station that moves is locked against returns."""
    standing = standing_bikes(station_ids=moved).values_list("pk", flat=True)
    bikes_lock(bike_ids=[*bike_ids, *standing])
    for station_id in sorted(moved):
        station_lock(station_id=station_id)
    named = {wanted.place.station_id for wanted in bikes if wanted.place and wanted.place.station_id}
    stations_lock(station_ids=sorted({*named, *changed}))


def _add_stations(wanted: Sequence[StationWanted]) -> list[UUID]:
    Station.objects.bulk_create((Station(pk=each.station_id, **each.values) for each in wanted), batch_size=PART)
    return [each.station_id for each in wanted]


def _change_stations(wanted: Sequence[StationWanted]) -> None:
    stations = _stations_by_id({each.station_id for each in wanted})
    for each in wanted:
        _set(stations[each.station_id], each.values)
    Station.objects.bulk_update(stations.values(), STATION_FIELDS, batch_size=PART)


def _add_bikes(wanted: Sequence[BikeWanted], actor: Actor, now: datetime) -> None:
    bikes = [Bike(**{name: getattr(each, name) for name in ("number", "model_id", "tariff_id")}) for each in wanted]
    _place([(bike, each) for bike, each in zip(bikes, wanted, strict=True)])
    Bike.objects.bulk_create(bikes, batch_size=PART)
    bikes_log_place(bike_ids=[bike.pk for bike in bikes], actor=actor, now=now, note=NOTE)
    for status, transition in FIRST_MOVES.items():
        ids = [bike.pk for bike, each in zip(bikes, wanted, strict=True) if each.status == status]
        if ids:
            bikes_move(bike_ids=ids, transition=transition, actor=actor, now=now, note=NOTE)


def _change_bikes(pairs: Sequence[tuple[Bike, BikeWanted]], actor: Actor, now: datetime) -> int:
    """The pairs are read under the bikes' locks. Writes nothing that the file does not say. Returns how many."""
    others = [(bike, wanted) for bike, wanted in pairs if bike_difference(bike, wanted).terms]
    moved = [(bike, wanted) for bike, wanted in pairs if bike_difference(bike, wanted).place]
    _place(moved)
    columns = ("station_id", *POSITION)
    with connection.cursor() as cursor:
        for part in _parts(others):
            ids, terms = [bike.pk for bike, _ in part], [(wanted.model_id, wanted.tariff_id) for _, wanted in part]
            cursor.execute(_SET_TERMS, [ids, *map(list, zip(*terms, strict=True))])
        for part in _parts(moved):
            cursor.execute(_SET_PLACES, [[getattr(bike, name) for bike, _ in part] for name in ("pk", *columns)])
    bikes_log_place(bike_ids=[bike.pk for bike, _ in moved], actor=actor, now=now, note=NOTE)
    return len({bike.pk for bike, _ in [*others, *moved]})


def _parts(pairs: Sequence[tuple[Bike, BikeWanted]]) -> Iterable[Sequence[tuple[Bike, BikeWanted]]]:
    return (pairs[start : start + PART] for start in range(0, len(pairs), PART))


def _place(pairs: Sequence[tuple[Bike, BikeWanted]]) -> None:
    """A bike at a station has the station's position."""
    places = {bike.pk: wanted.place for bike, wanted in pairs if wanted.place is not None}
    stations = _stations_by_id({place.station_id for place in places.values() if place.station_id})
    for bike, _ in pairs:
        place = places[bike.pk]
        at = stations[place.station_id] if place.station_id else place
        _set(bike, {"station_id": place.station_id, "latitude": at.latitude, "longitude": at.longitude})


def _stations_by_id(ids: Collection[UUID]) -> dict[UUID, Station]:
    """:raises FleetChangedError: if one was deleted before it was locked"""
    stations = Station.objects.in_bulk(ids)
    if len(stations) < len(ids):
        raise FleetChangedError
    return stations


def _set(row: object, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
