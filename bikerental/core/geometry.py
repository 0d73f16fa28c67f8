"""Distances and boxes on the globe. WGS 84 is treated as a sphere."""

from collections.abc import Iterable
from math import asin, cos, degrees, radians, sin, sqrt
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8  # the mean radius R1 of the WGS 84 ellipsoid, in metres


class Position(NamedTuple):
    latitude: float
    longitude: float


class Box(NamedTuple):
    """In degrees. It never crosses the 180th meridian: an area that does is two boxes."""

    west: float
    south: float
    east: float
    north: float


def distance_m(one: Position, other: Position) -> float:
    """Great-circle distance in metres by the haversine formula."""
    half_latitude = sin(radians(other.latitude - one.latitude) / 2)
    half_longitude = sin(radians(other.longitude - one.longitude) / 2)
    chord = half_latitude**2 + cos(radians(one.latitude)) * cos(radians(other.latitude)) * half_longitude**2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def boxes_between(*, west: float, south: float, east: float, north: float) -> list[Box]:
    """One box, or two where it crosses the 180th meridian (west is greater than east)."""
    if west <= east:
        return [Box(west, south, east, north)]
    return [Box(west, south, 180.0, north), Box(-180.0, south, east, north)]


def boxes_around(centre: Position, radius_m: float) -> list[Box]:
    """The smallest boxes that hold every point within the radius."""
    # A little wider than computed, so that rounding does not exclude a point on the edge.
    angle = radius_m / EARTH_RADIUS_M * (1 + 1e-9) + 1e-12
    south, north = centre.latitude - degrees(angle), centre.latitude + degrees(angle)
    if south <= -90 or north >= 90:  # a pole lies inside, so every longitude does
        return [Box(-180.0, max(south, -90.0), 180.0, min(north, 90.0))]
    half_width = degrees(asin(min(1.0, sin(angle) / cos(radians(centre.latitude)))))
    west, east = centre.longitude - half_width, centre.longitude + half_width
    return boxes_between(
        west=west + 360 if west < -180 else west, south=south, east=east - 360 if east > 180 else east, north=north
    )


def boxes_with_margin(*, west: float, south: float, east: float, north: float, metres: float) -> list[Box]:
    """The given bounds and a margin in metres around them. West is greater than east across the 180th meridian."""
    degrees_north = degrees(metres / EARTH_RADIUS_M)
    south, north = south - degrees_north, north + degrees_north
    if south <= -90 or north >= 90:
        return [Box(-180.0, max(south, -90.0), 180.0, min(north, 90.0))]
    degrees_east = degrees(asin(sin(metres / EARTH_RADIUS_M) / cos(radians(max(-south, north) - degrees_north))))
    if (east - west) % 360 + 2 * degrees_east >= 360:
        return [Box(-180.0, south, 180.0, north)]
    west, east = (west - degrees_east + 180) % 360 - 180, (east + degrees_east + 180) % 360 - 180
    return boxes_between(west=west, south=south, east=east, north=north)


def lies_in(place: Position, boxes: Iterable[Box]) -> bool:
    """Borders count as inside. 180 degrees east and 180 degrees west are the same meridian."""
    longitudes = (180.0, -180.0) if abs(place.longitude) == 180 else (place.longitude,)
    return any(
        box.south <= place.latitude <= box.north and any(box.west <= longitude <= box.east for longitude in longitudes)
        for box in boxes
    )
