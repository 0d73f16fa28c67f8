"""The area in which the city's bikes can be. A position outside it is an error of the phone or of its user."""

import time

from django.conf import settings
from django.db import connection

from bikerental.core.geometry import Box, Position, boxes_between, boxes_with_margin, lies_in

SURROUNDINGS_M = 50_000.0
KEPT_SECONDS = 60.0
# Between two neighbouring stations from west to east there is a gap. The bounds lie beyond the widest one.
_BOUNDS = """
    SELECT west, east, south, north
      FROM (SELECT longitude AS east,
                   coalesce(lead(longitude) OVER eastward, min(longitude) OVER everywhere) AS west,
                   coalesce(lead(longitude) OVER eastward, min(longitude) OVER everywhere + 360) - longitude AS gap,
                   min(latitude) OVER everywhere AS south,
                   max(latitude) OVER everywhere AS north
              FROM fleet_station
            WINDOW eastward AS (ORDER BY longitude), everywhere AS ()) AS gaps
     ORDER BY gap DESC
     LIMIT 1
"""
# (end of validity in monotonic time, the boxes) for this process; replaced as a whole.
_kept: tuple[float, list[Box]] = (0.0, [])


def is_in_service(place: Position) -> bool:
    """Whether the place is within SERVICE_BOUNDS or, if unset, near the stations. Without stations every place is.

    Usually no statement: the boxes are read once a minute in each process, and again before a refusal. So a new
    station counts at once, and a deleted one for up to a minute.
    """
    until, boxes = _kept
    if settings.SERVICE_BOUNDS is None and time.monotonic() < until and lies_in(place, boxes):
        return True
    boxes = service_boxes()
    return not boxes or lies_in(place, boxes)


def service_boxes() -> list[Box]:
    """The boxes of `is_in_service`, for many places at once; empty if every place is. At most one statement."""
    if settings.SERVICE_BOUNDS is not None:
        west, south, east, north = settings.SERVICE_BOUNDS
        return boxes_between(west=west, south=south, east=east, north=north)
    return _station_surroundings()


def _station_surroundings() -> list[Box]:
    """The boxes round the stations; empty if there are none. One statement."""
    global _kept  # noqa: PLW0603 - one value for all threads of the process
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS)
        row = cursor.fetchone()
    if row is None:
        return []
    west, east, south, north = row
    boxes = boxes_with_margin(west=west, south=south, east=east, north=north, metres=SURROUNDINGS_M)
    _kept = (time.monotonic() + KEPT_SECONDS, boxes)
    return boxes
