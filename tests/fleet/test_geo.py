"""Distances and boxes on the globe."""

import random
from math import asin, atan2, cos, degrees, radians, sin

import pytest

from bikerental.core.geometry import Box, Position, boxes_around, boxes_between, distance_m


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        (Position(0, 0), Position(0, 0), 0),
        (Position(0, 0), Position(0, 1), 111_195.08),
        (Position(0, 179.5), Position(0, -179.5), 111_195.08),
        (Position(90, 0), Position(90, 120), 0),
        (Position(0, 0), Position(0, 180), 20_015_114.44),
        (Position(59.93, 30.31), Position(55.75, 37.62), 634_298.99),
    ],
)
def test_the_great_circle(one: Position, other: Position, metres: float) -> None:
    assert distance_m(one, other) == pytest.approx(metres, abs=0.01)


def test_a_box_over_the_180th_meridian_is_two() -> None:
    assert boxes_between(west=170, south=-1, east=-170, north=1) == [Box(170, -1, 180, 1), Box(-180, -1, -170, 1)]
    assert boxes_between(west=-170, south=-1, east=170, north=1) == [Box(-170, -1, 170, 1)]


def towards(centre: Position, bearing: float, metres: float) -> Position:
    angle, latitude = metres / 6_371_008.8, radians(centre.latitude)
    there = asin(max(-1, min(1, sin(latitude) * cos(angle) + cos(latitude) * sin(angle) * cos(bearing))))
    turn = atan2(sin(bearing) * sin(angle) * cos(latitude), cos(angle) - sin(latitude) * sin(there))
    return Position(degrees(there), (centre.longitude + degrees(turn) + 180) % 360 - 180)


def test_the_boxes_hold_the_circle_and_stay_on_the_globe() -> None:
    draw = random.Random(7)
    for _ in range(3_000):
        latitude = draw.choice([draw.uniform(-90, 90), 90, -90, draw.uniform(89.8, 90), 0])
        centre = Position(latitude, draw.choice([draw.uniform(-180, 180), 180, -180, 179.999]))
        radius = draw.choice([0, 1, 500, 10_000, 3_000_000, 20_000_000])
        point = towards(centre, draw.uniform(0, 7), radius * draw.choice([1, draw.random()]))
        boxes = boxes_around(centre, radius)
        assert all(-180 <= box.west <= box.east <= 180 and -90 <= box.south <= box.north <= 90 for box in boxes)
        slack = 1e-6  # the point itself is computed with an arc sine, which is imprecise near the poles
        assert any(
            box.west - slack <= point.longitude <= box.east + slack
            and box.south - slack <= point.latitude <= box.north + slack
            for box in boxes
        ), (centre, radius, point)


def test_the_boxes_are_no_larger_than_needed() -> None:
    [box] = boxes_around(Position(60, 30), 10_000)

    assert (box.north - box.south) / 2 == pytest.approx(degrees(10_000 / 6_371_008.8), rel=1e-6)
    assert (box.east - box.west) / 2 == pytest.approx(2 * degrees(10_000 / 6_371_008.8), rel=1e-4)


def test_a_circle_round_a_pole_has_every_longitude() -> None:
    [box] = boxes_around(Position(-89.99, 10), 10_000)

    assert (box.west, box.east, box.south) == (-180, 180, -90)
