"""Vehicles, their events and their status."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from bikerental.core.geometry import Position
from bikerental.feeds.documents.mds.envelope import VEHICLE_TYPE, identifier, location
from bikerental.fleet.constants import BikeStatus, EventType

STATES = {
    BikeStatus.AVAILABLE: "available",
    BikeStatus.RESERVED: "reserved",
    BikeStatus.RENTED: "on_trip",
    BikeStatus.MAINTENANCE: "non_operational",
    BikeStatus.RETIRED: "removed",
}
REMOVED = "removed"
UNSPECIFIED = "unspecified"  # allowed in each state, for what the mode does not allow or we cannot say
# The pairs that the micromobility mode allows, of those that we know.
ALLOWED = {
    "available": {
        EventType.MAINTENANCE,
        EventType.PROVIDER_DROP_OFF,
        EventType.RESERVATION_CANCEL,
        EventType.TRIP_CANCEL,
        EventType.TRIP_END,
    },
    "non_operational": {EventType.MAINTENANCE},
    "on_trip": {EventType.TRIP_START},
    "removed": {EventType.DECOMMISSIONED, EventType.REBALANCE_PICK_UP},
    "reserved": {EventType.RESERVATION_START},
}
TRIP_STARTS, TRIP_ENDS = {EventType.TRIP_START}, {EventType.TRIP_END, EventType.TRIP_CANCEL}


class EventRow(NamedTuple):
    """A row of the log of bikes. Times are in milliseconds since 1970."""

    id: int
    bike_id: str
    happened_ms: int
    event_types: list[str]
    state: str
    latitude: float
    longitude: float
    station_id: str | None
    rental_id: str | None


class BikeRow(NamedTuple):
    """A bike and the last row of its log."""

    id: UUID
    number: str
    model_name: str
    propulsion: str
    last: EventRow | None


def vehicle(bike: BikeRow, provider_id: UUID) -> dict[str, Any]:
    return {
        "device_id": str(bike.id),
        "provider_id": str(provider_id),
        "vehicle_id": bike.number,
        "vehicle_type": VEHICLE_TYPE,
        "vehicle_attributes": {"model": bike.model_name},
        "propulsion_types": [bike.propulsion],
    }


def state_after(row: EventRow) -> str:
    """A bike that is carried elsewhere is in our state `maintenance`, and in MDS it is `removed`."""
    if row.event_types[-1] == EventType.REBALANCE_PICK_UP and row.state == BikeStatus.MAINTENANCE:
        return REMOVED
    return STATES[BikeStatus(row.state)]


def events_of(row: EventRow, provider_id: UUID) -> list[dict[str, Any]]:
    """The events of a row. One with two types becomes two events, a millisecond apart.

    MDS has `trip_end` with `maintenance` as one event, but the mode's schema allows no `trip_end` in the state
    `non_operational`. A bike that is left for maintenance has been available in between.
    """
    states = ["available"] * (len(row.event_types) - 1) + [state_after(row)]
    return [
        _event(row, place, EventType(event_type), state, provider_id)
        for place, (event_type, state) in enumerate(zip(row.event_types, states, strict=True))
    ]


def events_between(
    rows: Iterable[EventRow], provider_id: UUID, *, since_ms: int, until_ms: int
) -> Iterator[dict[str, Any]]:
    for row in rows:
        for event in events_of(row, provider_id):
            if since_ms <= event["timestamp"] < until_ms:
                yield event


def status(last: EventRow, provider_id: UUID) -> dict[str, Any]:
    return {
        "device_id": last.bike_id,
        "provider_id": str(provider_id),
        "last_event": events_of(last, provider_id)[-1],
        "last_telemetry": _telemetry(last, provider_id),
    }


def _event(row: EventRow, place: int, event_type: EventType, state: str, provider_id: UUID) -> dict[str, Any]:
    is_of_trip = event_type in TRIP_STARTS | TRIP_ENDS
    is_known = event_type in ALLOWED[state] and not (is_of_trip and row.rental_id is None)
    event: dict[str, Any] = {
        "device_id": row.bike_id,
        "provider_id": str(provider_id),
        "event_id": identifier(provider_id, f"event {row.id} {place}"),
        "vehicle_state": state,
        "event_types": [event_type.value if is_known else UNSPECIFIED],
        "timestamp": row.happened_ms + place,
        "location": location(row.latitude, row.longitude),
    }
    if is_of_trip and row.rental_id is not None:
        event["trip_ids"] = [row.rental_id]
    return event


def _telemetry(row: EventRow, provider_id: UUID) -> dict[str, Any]:
    """Where the bike was last seen. At the start or the end of a ride it is the point that `/telemetry` has too."""
    name, trip_ids = f"telemetry of event {row.id}", None
    if row.rental_id is not None:
        trip_ids = [row.rental_id]
        name = f"{'start' if TRIP_STARTS & {*row.event_types} else 'end'} of {row.rental_id}"
    return telemetry(
        provider_id=provider_id,
        bike_id=row.bike_id,
        name=name,
        timestamp=row.happened_ms,
        trip_ids=trip_ids,
        place=Position(row.latitude, row.longitude),
        station_id=row.station_id,
    )


def telemetry(
    *,
    provider_id: UUID,
    bike_id: str,
    name: str,
    timestamp: int,
    trip_ids: list[str] | None,
    place: Position,
    station_id: str | None,
) -> dict[str, Any]:
    """One point of a bike.

    :param name: of the point, from which its id is made
    :param timestamp: in milliseconds since 1970
    """
    point: dict[str, Any] = {
        "device_id": bike_id,
        "provider_id": str(provider_id),
        "telemetry_id": identifier(provider_id, name),
        "timestamp": timestamp,
        "trip_ids": trip_ids,
        "journey_id": None,
        "location": location(*place),
    }
    if station_id is not None:
        point["stop_id"] = station_id
    return point
