"""Compares a file of bikes or stations with the fleet: which rows it would add or change."""

from collections.abc import Collection
from typing import Any

from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import NUMBER_KEY, Bike, Station
from bikerental.fleet.numbers import number_key
from bikerental.fleet.types import BikeWanted, Difference, StationWanted

PART = 1_000  # keys of a statement
STANDING = (BikeStatus.AVAILABLE, BikeStatus.MAINTENANCE)


def bikes_by_number_key(keys: Collection[str]) -> dict[str, Bike]:
    """The bikes with these keys of numbers, by key. A statement for each thousand."""
    bikes, ordered = Bike.objects.alias(number_key=NUMBER_KEY), sorted(keys)
    parts = (ordered[start : start + PART] for start in range(0, len(ordered), PART))
    return {number_key(bike.number): bike for part in parts for bike in bikes.filter(number_key__in=part)}


def bike_difference(bike: Bike, wanted: BikeWanted) -> Difference:
    """No statement. The number stays as it is painted, however the file spells it."""
    is_other_place = wanted.place is not None and _place(bike) != _place(wanted.place)
    return Difference(
        terms=wanted.model_id not in (None, bike.model_id) or wanted.tariff_id not in (None, bike.tariff_id),
        place=is_other_place and bike.status in STANDING,
        is_kept=is_other_place and bike.status not in STANDING,
    )


def _place(of: Any) -> tuple[Any, ...]:
    """At a station the coordinates do not count: they are the station's."""
    return (of.station_id,) if of.station_id else (None, of.latitude, of.longitude)


def station_difference(station: Station, wanted: StationWanted) -> set[str]:
    """The fields that differ. No statement."""
    return {name for name, value in wanted.values.items() if getattr(station, name) != value}
