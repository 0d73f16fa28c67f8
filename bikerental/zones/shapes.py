"""Checks the GeoJSON that an operator enters, and makes the shape that is stored.

An edge takes the shorter way round the globe, so one from 179° to -179° crosses the 180th meridian. Such a shape is
cut there, with a part on each side, as RFC 7946 (3.1.9) requires.
"""

import json
import math
import reprlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
import shapely
from django.utils.translation import gettext_lazy as _
from shapely.affinity import translate

from bikerental.zones.constants import DIGITS, POINTS_MAX, SHAPE_BYTES_MAX
from bikerental.zones.exceptions import ShapeInvalidError

Ring = list[tuple[float, float]]
# The globe, and a second turn for shapes that cross the 180th meridian.
_HERE, _BEYOND = shapely.box(-180, -90, 180, 90), shapely.box(180, -90, 540, 90)


class Shape(NamedTuple):
    geojson: dict[str, Any]
    points: int


def shape_read(text: str) -> Shape:
    """:raises ShapeInvalidError: if it is not a polygon that can be a zone"""
    if len(text.encode(errors="surrogatepass")) > SHAPE_BYTES_MAX:
        raise ShapeInvalidError(_("The drawing is larger than %(most)s bytes."), most=SHAPE_BYTES_MAX)
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise ShapeInvalidError(_("This is not JSON.")) from error
    pieces = [piece for polygon in _polygons(value) for piece in _pieces(polygon)]
    geometry = pieces[0] if len(pieces) == 1 else shapely.MultiPolygon(pieces)
    _require_valid(geometry)
    # The parts may each be small enough and together too large. The cut adds a few points.
    points = int(shapely.get_num_coordinates(geometry))
    if points > POINTS_MAX:
        raise ShapeInvalidError(_("The drawing has more than %(most)s points."), most=POINTS_MAX)
    geojson: dict[str, Any] = orjson.loads(shapely.to_geojson(geometry))
    if len(json.dumps(geojson)) > SHAPE_BYTES_MAX:  # with spaces, as PostgreSQL writes it
        raise ShapeInvalidError(_("The drawing is larger than %(most)s bytes."), most=SHAPE_BYTES_MAX)
    return Shape(geojson, points)


def _polygons(value: Any) -> list[Any]:
    """The coordinates of each polygon. Some drawing tools wrap them in a Feature or a FeatureCollection of one."""
    if isinstance(value, dict) and value.get("type") == "FeatureCollection":
        features = value.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise ShapeInvalidError(_("A zone is one Feature; this collection has another number of them."))
        value = features[0]
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    kind = value.get("type") if isinstance(value, dict) else None
    coordinates = value.get("coordinates") if kind in {"Polygon", "MultiPolygon"} else None
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not all(isinstance(polygon, list) and polygon for polygon in polygons):
        raise ShapeInvalidError(_("Give a GeoJSON Polygon or MultiPolygon with its coordinates."))
    rings = [ring for polygon in polygons for ring in polygon]
    if not polygons or not all(isinstance(ring, list) for ring in rings):
        raise ShapeInvalidError(_("Give a GeoJSON Polygon or MultiPolygon with its coordinates."))
    if sum(map(len, rings)) > POINTS_MAX:
        raise ShapeInvalidError(_("The drawing has more than %(most)s points."), most=POINTS_MAX)
    return polygons


def _pieces(polygon: list[Any]) -> list[shapely.Polygon]:
    """The polygon, cut at the 180th meridian if it crosses it."""
    shell, *holes = (_unrolled(_ring(ring)) for ring in polygon)
    whole = shapely.Polygon(shell, [_beside(hole, shell) for hole in holes])
    _require_valid(whole)
    if whole.bounds[2] <= 180:
        return [whole]
    halves = [whole.intersection(_HERE), translate(whole.intersection(_BEYOND), xoff=-360)]
    return parts_of(shapely.set_precision(halves, 10**-DIGITS))


def _ring(positions: list[Any]) -> Ring:
    ring = [_position(position) for position in positions]
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ShapeInvalidError(
            _("A ring has four points or more, and its last point is its first; see ring %(ring)s."),
            ring=str(positions)[:60],
        )
    return ring


def _position(position: Any) -> tuple[float, float]:
    is_pair = isinstance(position, list) and len(position) in {2, 3}  # the third would be a height
    if not is_pair or not all(type(number) in {int, float} for number in position):
        raise ShapeInvalidError(
            # It may be as deep as it is long.
            _("A point is [longitude, latitude], two numbers; this is %(point)s."),
            point=reprlib.repr(position)[:60],
        )
    longitude, latitude = position[:2]
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ShapeInvalidError(
            _("Longitude is from -180 to 180 and latitude from -90 to 90, in this order; this is %(point)s."),
            point=str(position)[:60],
        )
    return round(float(longitude), DIGITS), round(float(latitude), DIGITS)


def _unrolled(ring: Ring) -> Ring:
    """Longitudes that continue beyond 180 where the ring crosses the 180th meridian."""
    unrolled, turn = ring[:1], 0
    for (before, _latitude), (longitude, latitude) in pairwise(ring):
        step = longitude - before
        turn += 360 if step < -180 else -360 if step > 180 else 0
        unrolled.append((longitude + turn, latitude))
    if turn:
        raise ShapeInvalidError(_("A ring goes round the globe or a pole. A zone cannot."))
    return _turned(unrolled, 360) if min(longitude for longitude, _latitude in unrolled) < -180 else unrolled


def _beside(hole: Ring, shell: Ring) -> Ring:
    """The hole on the same turn round the globe as its shell."""
    west = min(longitude for longitude, _latitude in shell)
    return _turned(hole, 360 * math.ceil((west - min(longitude for longitude, _latitude in hole)) / 360))


def _turned(ring: Ring, degrees: int) -> Ring:
    return [(longitude + degrees, latitude) for longitude, latitude in ring] if degrees else ring


def _require_valid(geometry: shapely.Geometry) -> None:
    if not geometry.is_valid:
        raise ShapeInvalidError(
            _("The drawing crosses or touches itself, or a hole or part of it lies wrong: %(reason)s."),
            reason=shapely.is_valid_reason(geometry),
        )
    if geometry.is_empty or geometry.area == 0:
        raise ShapeInvalidError(_("The drawing has no area."))


def parts_of(geometries: Sequence[shapely.Geometry]) -> list[shapely.Polygon]:
    """Only the polygons: a cut also leaves lines and points where shapes touch."""
    parts = shapely.get_parts(shapely.get_parts(list(geometries)))
    return [part for part in parts if isinstance(part, shapely.Polygon) and not part.is_empty]
