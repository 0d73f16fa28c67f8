"""The nearest point where the zones allow a ride to end.

It is searched in larger and larger squares around the place, on a flat map in metres. If a square has more than
POINTS_MAX points, the search ends, and the response has only a station.
"""

from collections.abc import Sequence
from datetime import datetime
from math import cos, radians
from typing import Any

from bikerental.core.geometry import EARTH_RADIUS_M, Box, Position, boxes_around, distance_m
from bikerental.fleet.selectors import station_nearest_returning
from bikerental.fleet.types import NearestEnd
from bikerental.zones.constants import ZoneKind
from bikerental.zones.selectors.cached import CachedZone, ZoneSet

SEARCH_RADII_M = (300.0, 1_000.0, 3_000.0, 10_000.0, 30_000.0, 300_000.0, 3_000_000.0)
POINTS_MAX = 20_000
# The point is this far inside the allowed area, because a phone's position and six digits are not exact.
MARGIN_M = 1.0
_METRES_PER_DEGREE = radians(1) * EARTH_RADIUS_M


def nearest_end(zones: ZoneSet, place: Position, now: datetime) -> NearestEnd | None:
    """The nearest station or point where a ride may end. One statement."""
    station, point = station_nearest_returning(place), nearest_point(zones, place, now)
    if point is None:
        return station
    metres = distance_m(place, point)
    return station if station and station.distance_m <= metres else NearestEnd(None, None, *point, metres)


def nearest_point(zones: ZoneSet, place: Position, now: datetime) -> Position | None:
    """The nearest point where the zones allow a ride to end. None if there is none, or too much to search."""
    for radius_m in SEARCH_RADII_M:
        boxes = boxes_around(place, radius_m)
        nearby = zones.zones_in(boxes, now)
        if sum(_points(zone) for zone in nearby) > POINTS_MAX:
            return None
        found = _nearest(nearby, boxes, place, has_areas=zones.has_service_area(now))
        # For a point farther than the radius, there may be a nearer one outside the square.
        if found is not None and distance_m(place, found) <= radius_m and zones.decide(found, now).reason is None:
            return found
    return None


def _points(zone: CachedZone) -> int:
    import shapely

    return int(shapely.get_num_coordinates(zone.geometry))


def _nearest(zones: Sequence[CachedZone], boxes: Sequence[Box], place: Position, *, has_areas: bool) -> Position | None:
    import shapely

    local_map = _LocalMap(place)
    areas = [zone for zone in zones if zone.kind == ZoneKind.SERVICE_AREA]
    forbidden = [zone for zone in zones if zone.kind == ZoneKind.NO_RETURN]
    allowed = local_map.union(areas, boxes).buffer(-MARGIN_M) if has_areas else local_map.box(boxes)
    allowed = allowed.difference(local_map.union(forbidden, boxes).buffer(MARGIN_M))
    if allowed.is_empty:
        return None
    return local_map.position(shapely.shortest_line(allowed, shapely.Point(0, 0)).coords[0])


class _LocalMap:
    """A map in metres with the place as its origin."""

    def __init__(self, place: Position) -> None:
        self._place = place
        self._scale = _METRES_PER_DEGREE * max(cos(radians(place.latitude)), 1e-6), _METRES_PER_DEGREE

    def union(self, zones: Sequence[CachedZone], boxes: Sequence[Box]) -> Any:
        """The part of the zones that is in the boxes, as a geometry on this map."""
        import shapely

        geometries = [zone.geometry for zone in zones]
        pieces = [self._project(shapely.intersection(geometries, shapely.box(*box)), box) for box in boxes]
        return shapely.union_all([geometry for piece in pieces for geometry in piece])

    def box(self, boxes: Sequence[Box]) -> Any:
        import shapely

        return shapely.union_all([self._project(shapely.box(*box), box) for box in boxes])

    def position(self, point: tuple[float, float]) -> Position:
        longitude = self._place.longitude + point[0] / self._scale[0]
        latitude = self._place.latitude + point[1] / self._scale[1]
        longitude += 360 if longitude < -180 else -360 if longitude > 180 else 0
        return Position(round(latitude, 6), round(longitude, 6))

    def _project(self, geometries: Any, box: Box) -> Any:
        """The geometries on the map. A box beyond the 180th meridian is next to the place."""
        import shapely

        turn = 360 * round((self._place.longitude - (box.west + box.east) / 2) / 360)
        longitude, latitude = self._place.longitude - turn, self._place.latitude
        return shapely.transform(geometries, lambda points: (points - (longitude, latitude)) * self._scale)
