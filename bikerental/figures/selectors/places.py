"""Rides by place: how much stations are used, and the rides from one place to another."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from bikerental.figures.constants import PLACES_OF_PAIRS
from bikerental.figures.types import Days, PairCounts, StationCounts

_STATIONS = """
    SELECT counted.station_id, station.name, station.capacity, departures, arrivals, uses_before
      FROM (
          SELECT station_id,
                 coalesce(sum(departures) FILTER (WHERE day >= %(first)s), 0) AS departures,
                 coalesce(sum(arrivals) FILTER (WHERE day >= %(first)s), 0) AS arrivals,
                 coalesce(sum(departures + arrivals) FILTER (WHERE day < %(first)s), 0) AS uses_before
            FROM figures_stationuse WHERE day BETWEEN %(earliest)s AND %(last)s GROUP BY station_id
      ) AS counted
      LEFT JOIN fleet_station AS station ON station.id = counted.station_id
     ORDER BY departures + arrivals DESC, uses_before DESC, station.name, counted.station_id
"""
_PAIRS = """
    SELECT start_id, end_id, coalesce(sum(rides) FILTER (WHERE day >= %(first)s), 0),
           coalesce(sum(rides) FILTER (WHERE day < %(first)s), 0)
      FROM figures_stationpair
     WHERE start_id = ANY(%(places)s::uuid[]) AND end_id = ANY(%(places)s::uuid[])
       AND day BETWEEN %(earliest)s AND %(last)s
     GROUP BY start_id, end_id
"""


def station_counts(days: Days) -> list[StationCounts]:
    """Each place that was used in the range or in the one before it, the busiest first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STATIONS, _bounds(days))
        return list(map(StationCounts._make, cursor.fetchall()))


def pair_counts(days: Days, *, stations: Sequence[StationCounts]) -> dict[tuple[UUID, UUID], PairCounts]:
    """The rides among the busiest of these places. One statement."""
    places = [str(place.id) for place in stations[:PLACES_OF_PAIRS]]
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, {**_bounds(days), "places": places})
        pairs = map(PairCounts._make, cursor.fetchall())
        return {(pair.start_id, pair.end_id): pair for pair in pairs}


def _bounds(days: Days) -> dict[str, Any]:
    return {"first": days.first, "earliest": days.before.first, "last": days.last}
