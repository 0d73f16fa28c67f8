"""Plain values of the rentals app."""

from typing import NamedTuple
from uuid import UUID


class Place(NamedTuple):
    """Where a bike is left: at a station, or at a point in the street."""

    station_id: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None
