"""Trips, and the telemetry of their starts and ends."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from bikerental.core.geometry import Position, distance_m
from bikerental.feeds.documents.mds.bikes import telemetry
from bikerental.feeds.documents.mds.envelope import location


class RideRow(NamedTuple):
    """A ride. `key` is the time by which the request selects rides. A place that is not known is None."""

    key: datetime
    id: UUID
    bike_id: str
    started_ms: int
    ended_ms: int | None
    start_latitude: float | None
    start_longitude: float | None
    start_station_id: str | None
    end_latitude: float | None
    end_longitude: float | None
    end_station_id: str | None

    @property
    def places(self) -> tuple[Position, Position] | None:
        """Where it began and ended. If one is unknown, the other counts for it: that is also what a return without a
        place means. None if both are unknown."""
        start, end = _place(self.start_latitude, self.start_longitude), _place(self.end_latitude, self.end_longitude)
        start, end = start or end, end or start
        return None if start is None or end is None else (start, end)


def trips(rides: Iterable[RideRow], provider_id: UUID) -> Iterator[dict[str, Any]]:
    """A ride of which no place is known is left out: MDS has no trip without places."""
    for ride in rides:
        if ride.places is not None and ride.ended_ms is not None:
            start, end = ride.places
            yield {
                "provider_id": str(provider_id),
                "device_id": ride.bike_id,
                "trip_id": str(ride.id),
                "start_time": ride.started_ms,
                "end_time": ride.ended_ms,
                "start_location": location(*start),
                "end_location": location(*end),
                "duration": (ride.ended_ms - ride.started_ms) // 1000,
                # Along the great circle: the way between is not recorded.
                "distance": round(distance_m(start, end)),
            }


def starts(rides: Iterable[RideRow], provider_id: UUID) -> Iterator[dict[str, Any]]:
    for ride in rides:
        if ride.places is not None:
            place, station_id = ride.places[0], ride.start_station_id
            yield _point(provider_id, ride, "start", ride.started_ms, place, station_id)


def ends(rides: Iterable[RideRow], provider_id: UUID) -> Iterator[dict[str, Any]]:
    for ride in rides:
        if ride.places is not None and ride.ended_ms is not None:
            place, station_id = ride.places[1], ride.end_station_id
            yield _point(provider_id, ride, "end", ride.ended_ms, place, station_id)


def _point(
    provider_id: UUID, ride: RideRow, which: str, timestamp: int, place: Position, station_id: str | None
) -> dict[str, Any]:
    trip_id = str(ride.id)
    return telemetry(
        provider_id=provider_id,
        bike_id=ride.bike_id,
        name=f"{which} of {trip_id}",
        timestamp=timestamp,
        trip_ids=[trip_id],
        place=place,
        station_id=station_id,
    )


def _place(latitude: float | None, longitude: float | None) -> Position | None:
    return None if latitude is None or longitude is None else Position(latitude, longitude)
