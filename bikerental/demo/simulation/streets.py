"""The streets of a city, for those who ride there: a grid of parallels and meridians."""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, radians
from typing import NamedTuple

from bikerental.core.geometry import Position, distance_m

BLOCK = 0.002  # degrees of latitude, 220 m


class Route(NamedTuple):
    corners: tuple[Position, ...]

    @property
    def metres(self) -> float:
        return sum(distance_m(one, other) for one, other in pairwise(self.corners))

    def at(self, share: float) -> Position:
        """The place after this share of the way."""
        rest = self.metres * share
        for one, other in pairwise(self.corners):
            length = distance_m(one, other)
            if rest < length:
                part = rest / length
                return Position(
                    one.latitude + part * (other.latitude - one.latitude),
                    one.longitude + part * (other.longitude - one.longitude),
                )
            rest -= length
        return self.corners[-1]


def route(start: Position, end: Position) -> Route:
    """Along the meridian to the next street, along that street, then along the other meridian to the end."""
    street = snapped(start).latitude
    return Route((start, Position(street, start.longitude), Position(street, end.longitude), end))


def snapped(place: Position) -> Position:
    """The next crossing. Blocks are about as wide as they are long."""
    latitude = round(place.latitude / BLOCK) * BLOCK
    width = BLOCK / max(0.1, cos(radians(latitude)))
    return Position(latitude, round(place.longitude / width) * width)


def crossing_between(places: Sequence[Position], *, north: float, east: float) -> Position:
    """A crossing among these places.

    :param north: from 0, the most southern place, to 1, the most northern
    :param east: the same from west to east
    """
    latitudes, longitudes = zip(*places, strict=True)
    return snapped(
        Position(
            min(latitudes) + north * (max(latitudes) - min(latitudes)),
            min(longitudes) + east * (max(longitudes) - min(longitudes)),
        )
    )
