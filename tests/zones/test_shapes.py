"""The shapes that an operator may draw."""

import math
import random
from json import dumps
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bikerental.core.geometry import Position
from bikerental.zones.constants import POINTS_MAX, SHAPE_BYTES_MAX, ReturnReason
from bikerental.zones.exceptions import ShapeInvalidError
from bikerental.zones.selectors.cached import CachedZone, ZoneSet
from bikerental.zones.shapes import shape_read
from tests.factories import NOON
from tests.zones.drawing import Ring, is_inside, polygon, square

SQUARE = square(30, 59, 31, 60)


def reason(value: Any) -> str:
    with pytest.raises(ShapeInvalidError) as refused:
        shape_read(value if isinstance(value, str) else dumps(value))
    return str(refused.value.field_detail)


def drawn(shape: dict[str, Any], kind: str = "service_area") -> ZoneSet:
    import shapely

    geometry = shapely.from_geojson(dumps(shape_read(dumps(shape)).geojson))
    zone = CachedZone(uuid4(), 1, kind, None, None, geometry)
    return ZoneSet(1, (zone,))


def holds(zones: ZoneSet, longitude: float, latitude: float) -> bool:
    return zones.decide(Position(latitude, longitude), NOON).is_in_service_area


@pytest.mark.parametrize(
    "value",
    [
        polygon(SQUARE),
        {"type": "Feature", "properties": None, "geometry": polygon(SQUARE)},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": polygon(SQUARE)}]},
        polygon([[*point, 12.5] for point in SQUARE]),
        {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
    ],
)
def test_a_square_is_taken_as_tools_write_it(value: dict[str, Any]) -> None:
    shape = shape_read(dumps(value))

    assert shape.geojson["type"] == "Polygon"
    assert shape.geojson["coordinates"] == [SQUARE]
    assert shape.points == 5


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no JSON", "This is not JSON."),
        ("[" * 5000, "This is not JSON."),
        ("\ud800", "This is not JSON."),
        (polygon([[math.nan, 1.0]]), "This is not JSON."),
        (None, "Give a GeoJSON Polygon"),
        ([1], "Give a GeoJSON Polygon"),
        ({"type": "Point", "coordinates": [30, 59]}, "Give a GeoJSON Polygon"),
        ({"type": "Polygon"}, "Give a GeoJSON Polygon"),
        ({"type": "Polygon", "coordinates": []}, "Give a GeoJSON Polygon"),
        ({"type": "Polygon", "coordinates": [5]}, "Give a GeoJSON Polygon"),
        ({"type": "MultiPolygon", "coordinates": []}, "Give a GeoJSON Polygon"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "Give a GeoJSON Polygon"),
        ({"type": "FeatureCollection", "features": []}, "another number"),
        ({"type": "FeatureCollection"}, "another number"),
        ({"type": "Feature", "geometry": None}, "Give a GeoJSON Polygon"),
        (polygon(SQUARE[:-1]), "its last point is its first"),
        (polygon([[30, 59], [31, 59], [30, 59]]), "four points or more"),
        ({"type": "Polygon", "coordinates": [[[30, "59"], [31, 59], [31, 60], [30, "59"]]]}, "two numbers"),
        (polygon([[30, True], [31, 59], [31, 60], [30, True]]), "two numbers"),
        ({"type": "Polygon", "coordinates": [[30, 59, 31, 60]]}, "two numbers"),
        (polygon(square(30, 59, 181, 60)), "Longitude is from -180 to 180"),
        (polygon(square(30, 59, 31, 90.1)), "latitude from -90 to 90"),
        (polygon([[30, 59], [31, 60], [31, 59], [30, 60], [30, 59]]), "crosses or touches itself"),
        (polygon(SQUARE, square(40, 59, 41, 60)), "a hole"),
        (polygon(SQUARE, square(30.2, 59.2, 30.6, 59.6), square(30.4, 59.4, 30.8, 59.8)), "a hole"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [square(30.5, 59.5, 32, 61)]]}, "crosses or touches"),
        (polygon([[30, 59], [31, 59], [30, 59], [30, 59]]), "crosses or touches itself"),
        (polygon([[0, 80], [120, 80], [-120, 80], [0, 80]]), "round the globe or a pole"),
        (polygon(square(-180, -90, 180, 90)), "crosses or touches itself"),
    ],
)
def test_an_invalid_shape_is_refused_with_the_reason(value: Any, said: str) -> None:
    assert said in reason(value)


def test_too_many_points_are_refused() -> None:
    ring = [[30 + math.cos(i), 59.0] for i in range(POINTS_MAX)]

    assert f"more than {POINTS_MAX} points" in reason(polygon([*ring, ring[0]]))


def test_too_many_bytes_are_refused_before_they_are_parsed() -> None:
    assert f"larger than {SHAPE_BYTES_MAX} bytes" in reason(" " * SHAPE_BYTES_MAX + "{}")


def test_borders_and_corners_are_inside_those_of_a_hole_too() -> None:
    zones = drawn(polygon(SQUARE, square(30.25, 59.25, 30.75, 59.75)))

    assert all(holds(zones, *place) for place in [(30, 59), (30.5, 59), (31, 59.5), (30.25, 59.5), (30.75, 59.75)])
    assert not any(holds(zones, *place) for place in [(30.5, 59.5), (29.999999, 59.5), (30.3, 59.3)])


@pytest.mark.parametrize(
    "shape",
    [
        polygon(square(179, 10, -179, 11)),  # the shorter way round the globe
        polygon([[-179, 10], [-179, 11], [179, 11], [179, 10], [-179, 10]]),
        {"type": "MultiPolygon", "coordinates": [[square(179, 10, 180, 11)], [square(-180, 10, -179, 11)]]},
    ],
)
def test_a_zone_across_the_180th_meridian(shape: dict[str, Any]) -> None:
    zones = drawn(shape)

    inside = [(179.5, 10.5), (-179.5, 10.5), (180, 10.5), (-180, 10.5), (179, 10), (-179, 11)]
    assert all(holds(zones, *place) for place in inside)
    assert not any(holds(zones, *place) for place in [(178.9, 10.5), (-178.9, 10.5), (0, 10.5), (180, 11.1)])
    assert shape_read(dumps(shape)).geojson["type"] == "MultiPolygon"


def test_a_hole_across_the_180th_meridian() -> None:
    zones = drawn(polygon(square(-178, 10, 178, 14), square(179, 11, -179, 13), square(-179.5, 10.2, -179.1, 10.8)))

    assert holds(zones, 178.5, 12)
    assert holds(zones, -178.5, 12)
    in_holes = [(179.5, 12), (-179.5, 12), (180, 12), (-180, 12), (-179.3, 10.5)]
    assert not any(holds(zones, *place) for place in in_holes)


def star(numbers: random.Random, centre: float, corners: int, least: float, most: float) -> Ring:
    """A ring that does not cross itself. Its longitudes may continue beyond 180."""
    angles = [2 * math.pi * (corner + 0.9 * numbers.random()) / corners for corner in range(corners)]
    ring = []
    for angle in angles:
        radius = numbers.uniform(least, most)
        ring.append([round(centre + radius * math.cos(angle), 6), round(10 + radius * math.sin(angle), 6)])
    return [*ring, ring[0]]


def wrapped(longitude: float) -> float:
    return round((longitude + 180) % 360 - 180, 6)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32), centre=st.sampled_from([30.0, 179.7, 180.0, 180.4, -180.3]), corners=st.integers(5, 60)
)
def test_inside_is_what_plain_even_odd_says(seed: int, centre: float, corners: int) -> None:
    numbers = random.Random(seed)
    shell = star(numbers, centre, corners, 0.6, 1.0)
    rings = [shell, *([star(numbers, centre, 7, 0.1, 0.25)] if seed % 2 else [])]
    zones = drawn(polygon(*([[wrapped(x), y] for x, y in ring] for ring in rings)))

    for _ in range(60):
        longitude, latitude = centre + numbers.uniform(-1.1, 1.1), 10 + numbers.uniform(-1.1, 1.1)
        expected = is_inside(rings, longitude, latitude)
        # The cut at the 180th meridian rounds to a centimetre, so the test stays that far from the border.
        if any(is_inside(rings, longitude + x, latitude + y) != expected for x in (-2e-6, 2e-6) for y in (-2e-6, 2e-6)):
            continue
        assert holds(zones, (longitude + 180) % 360 - 180, latitude) is expected


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), centre=st.sampled_from([30.0, 179.7, 180.4]))
def test_every_corner_is_inside(seed: int, centre: float) -> None:
    shell = star(random.Random(seed), centre, 12, 0.6, 1.0)
    zones = drawn(polygon([[wrapped(x), y] for x, y in shell]))

    assert all(holds(zones, wrapped(x), y) for x, y in shell)


def test_the_border_of_a_no_return_zone_forbids() -> None:
    zones = drawn(polygon(SQUARE), kind="no_return")

    assert zones.decide(Position(59, 30), NOON).reason == ReturnReason.NO_RETURN_ZONE
    assert zones.decide(Position(58.999999, 30), NOON).reason is None


@pytest.mark.parametrize("shape", [polygon(square(179, 10, 180, 11)), polygon(square(-180, 10, -179, 11))])
def test_the_180th_meridian_is_one_whichever_sign_it_has(shape: dict[str, Any]) -> None:
    zones = drawn(shape)

    assert all(holds(zones, longitude, 10.5) for longitude in (180, -180))
