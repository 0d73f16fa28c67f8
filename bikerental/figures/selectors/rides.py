"""Rides by day, hour and model, and how long bikes stood between them."""

from datetime import date
from uuid import UUID

from django.db import connection

from bikerental.figures.types import Days, RideCounts, Rides

_SUMS = "sum(rides), sum(cancelled), sum(ended), sum(ridden_seconds)"
_COUNTS = f"""
    SELECT day, hour, model_id, {_SUMS} FROM figures_ridehour WHERE day BETWEEN %s AND %s
     GROUP BY GROUPING SETS ((day), (hour), (model_id))
"""  # noqa: S608 - of constants alone
_MEDIANS = """
    SELECT is_before, min(minutes) FILTER (WHERE 2 * so_far >= total)
      FROM (
          SELECT is_before, minutes, sum(rides) OVER (PARTITION BY is_before ORDER BY minutes) AS so_far,
                 sum(rides) OVER (PARTITION BY is_before) AS total
            FROM (
                SELECT day < %(first)s AS is_before, minutes, sum(rides) AS rides
                  FROM figures_idletime WHERE day BETWEEN %(earliest)s AND %(last)s GROUP BY 1, 2
            ) AS counted
      ) AS summed
     GROUP BY is_before
"""


def ride_counts(days: Days) -> RideCounts:
    """One statement."""
    counts = RideCounts({}, {}, {})
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [days.first, days.last])
        for day, hour, model_id, *sums in cursor.fetchall():
            _add(counts, day, hour, model_id, Rides(*sums))
    return counts


def _add(counts: RideCounts, day: date | None, hour: int | None, model_id: UUID | None, rides: Rides) -> None:
    if day is not None:
        counts.by_day[day] = rides
    elif hour is not None:
        counts.by_hour[hour] = rides.rides
    elif model_id is not None:
        counts.by_model[model_id] = rides


def idle_medians(days: Days) -> tuple[int | None, int | None]:
    """The median of the range and of the one before it, in minutes. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIANS, {"first": days.first, "earliest": days.before.first, "last": days.last})
        medians = dict(cursor.fetchall())
    return medians.get(False), medians.get(True)
