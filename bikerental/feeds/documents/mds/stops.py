"""Stations, which MDS calls stops."""

from typing import Any, NamedTuple
from uuid import UUID

from bikerental.feeds.documents.mds.envelope import VEHICLE_TYPE, location


class StopRow(NamedTuple):
    id: UUID
    name: str
    latitude: float
    longitude: float
    capacity: int
    is_renting: bool
    is_returning: bool
    vehicles_available: int
    vehicles_here: int


def stop(row: StopRow, provider_id: UUID, *, now_ms: int) -> dict[str, Any]:
    """Bikes that nobody can take now count as disabled: reserved ones, those in maintenance, and all bikes of a
    station that lends none."""
    places = max(0, row.capacity - row.vehicles_here) if row.is_returning else 0
    return {
        "stop_id": str(row.id),
        "name": row.name,
        "last_updated": now_ms,
        "location": location(row.latitude, row.longitude),
        "status": {"is_installed": True, "is_renting": row.is_renting, "is_returning": row.is_returning},
        "capacity": {VEHICLE_TYPE: row.capacity},
        "num_vehicles_available": {VEHICLE_TYPE: row.vehicles_available},
        "num_vehicles_disabled": {VEHICLE_TYPE: row.vehicles_here - row.vehicles_available},
        "num_places_available": {VEHICLE_TYPE: places},
        "provider_id": str(provider_id),
    }
