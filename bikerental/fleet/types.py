"""Plain values of the fleet app."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from bikerental.core.geo import Box, Position


class BikeFilters(NamedTuple):
    """Which bikes; none of a thing means any. Boxes: those in one of them."""

    status: str | None = None
    station_id: UUID | None = None
    model_id: UUID | None = None
    boxes: Sequence[Box] = ()


class Circle(NamedTuple):
    centre: Position
    radius_m: float


class NearCursor(NamedTuple):
    """A place in the list of bikes by distance, then id: the page follows it, or precedes it
    where it is backward. `seen` is about how many rows come before the place."""

    distance_m: float = -1.0  # before every bike
    bike_id: UUID = UUID(int=0)
    seen: int = 0
    backward: bool = False


class NearPage(NamedTuple):
    rows: list[tuple[Any, ...]]
    next: NearCursor | None
    previous: NearCursor | None
