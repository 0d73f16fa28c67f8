"""The stations of GBFS, and the types of their vehicles."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from bikerental.feeds.documents.versions import Version, position
from bikerental.feeds.types import StationRow, TypeRow, VehicleRow
from bikerental.fleet.constants import Propulsion

Counts = dict[str, Counter[str]]  # of the vehicles that riders can take, by station and type


def count_by_station(vehicles: Iterable[VehicleRow]) -> Counts:
    counts: Counts = {}
    for vehicle in vehicles:
        if vehicle.station_id is not None and not vehicle.is_reserved:
            counts.setdefault(vehicle.station_id, Counter())[vehicle.type_id] += 1
    return counts


def station_information(version: Version, stations: Iterable[StationRow]) -> dict[str, Any]:
    return {"stations": [_information(version, station) for station in stations]}


def _information(version: Version, station: StationRow) -> dict[str, Any]:
    fields = {
        "station_id": station.id,
        "name": version.same_text(station.name),
        "lat": position(station.latitude),
        "lon": position(station.longitude),
        "capacity": station.capacity,
        "is_virtual_station": False,
    }
    return fields if station.region_id is None else fields | {"region_id": station.region_id}


def station_status(
    version: Version, stations: Iterable[StationRow], counts: Counts, types: Iterable[TypeRow]
) -> dict[str, Any]:
    type_ids = [each.id for each in types]
    return {
        "stations": [_status(version, station, counts.get(station.id, Counter()), type_ids) for station in stations]
    }


def _status(version: Version, station: StationRow, count: Counter[str], type_ids: list[str]) -> dict[str, Any]:
    return {
        "station_id": station.id,
        "num_vehicles_available" if version.is_3 else "num_bikes_available": count.total(),
        "vehicle_types_available": [{"vehicle_type_id": type_id, "count": count[type_id]} for type_id in type_ids],
        "num_docks_available": station.docks_available,
        "is_installed": True,
        "is_renting": station.is_renting,
        "is_returning": station.is_returning,
        "last_reported": version.time(station.reported_at),
    }


def vehicle_types(version: Version, types: Iterable[TypeRow], *, reserve_minutes: int) -> dict[str, Any]:
    return {"vehicle_types": [_type(version, each, reserve_minutes) for each in types]}


def _type(version: Version, row: TypeRow, reserve_minutes: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "vehicle_type_id": row.id,
        "form_factor": "bicycle",
        "propulsion_type": row.propulsion,
        "name": version.same_text(row.name),
        "wheel_count": 2,
        "return_constraint": "hybrid",  # at any station, or in the street
    }
    if row.propulsion != Propulsion.HUMAN:
        fields["max_range_meters"] = row.max_range_m
    if reserve_minutes:
        fields["default_reserve_time"] = reserve_minutes
    if row.plan_ids:
        fields |= {"default_pricing_plan_id": row.plan_ids[0], "pricing_plan_ids": row.plan_ids}
    return fields


def ranges_of(types: Iterable[TypeRow]) -> dict[str, int]:
    return {each.id: each.max_range_m for each in types if each.propulsion != Propulsion.HUMAN}
