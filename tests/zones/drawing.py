"""Zones for tests, and an independent computation of what lies inside one."""

from itertools import pairwise
from json import dumps
from typing import Any

from bikerental.zones.models import Zone
from bikerental.zones.shapes import shape_read

Ring = list[list[float]]


def square(west: float, south: float, east: float, north: float) -> Ring:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def new_zone(shape: dict[str, Any] | None = None, **fields: Any) -> Zone:
    """Not saved. By default a service area round the bikes and stations of the factories."""
    read = shape_read(dumps(shape or polygon(square(30.0, 59.5, 31.0, 60.5))))
    values = {"name": "Centre", "kind": "service_area", "shape": read.geojson, "points": read.points}
    return Zone(**values | fields)


def make_zone(shape: dict[str, Any] | None = None, **fields: Any) -> Zone:
    zone = new_zone(shape, **fields)
    zone.save(force_insert=True)
    return zone


def is_inside(rings: list[Ring], longitude: float, latitude: float) -> bool:
    """The even-odd rule over all rings, in longitudes that continue beyond 180."""
    crossings = 0
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise(ring):
            if (y1 > latitude) != (y2 > latitude):
                crossings += longitude < x1 + (latitude - y1) * (x2 - x1) / (y2 - y1)
    return crossings % 2 == 1
