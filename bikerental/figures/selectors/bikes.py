"""For how long bikes were in service, and for how long of that they were free.

Today's number of bikes is stored. The number of an earlier day is computed backwards from it, by the changes since.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID

from django.db import connection

from bikerental.core.days import day_begins
from bikerental.figures.models import Day
from bikerental.figures.types import BikeSeconds, Days
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import BikeModel

_CHANGES = """
    WITH anchor AS (SELECT max(day) AS day FROM figures_biketime WHERE bikes IS NOT NULL)
    SELECT NULL, model_id, state,
           coalesce(sum(bikes) FILTER (WHERE time.day = anchor.day), 0)
               - coalesce(sum(change) FILTER (WHERE time.day > %(last)s), 0), 0
      FROM figures_biketime AS time, anchor
     WHERE time.day <= anchor.day AND (time.day > %(last)s OR time.day = anchor.day)
     GROUP BY model_id, state
     UNION ALL
    SELECT day, model_id, state, change, change_seconds
      FROM figures_biketime WHERE day BETWEEN %(first)s AND %(last)s
"""
OUT = BikeStatus.RETIRED.value
FREE = BikeStatus.AVAILABLE.value

Changes = dict[tuple[UUID, str], tuple[int, float]]


def bike_seconds(days: Days) -> dict[date, dict[UUID, BikeSeconds]]:
    """For each day that is counted, the bikes of each model. Two statements."""
    bikes, changes = _read(days)
    lengths = _lengths(days)
    found = {}
    for day in reversed(list(days)):
        changed = changes.get(day, {})
        for key, (change, _seconds) in changed.items():
            bikes[key] -= change  # now those at the day's begin
        if day in lengths:
            found[day] = _seconds_by_model(bikes, changed, *lengths[day])
    return found


def _read(days: Days) -> tuple[dict[tuple[UUID, str], int], dict[date, Changes]]:
    """The bikes at the end of the range, and the changes of each day."""
    bikes: dict[tuple[UUID, str], int] = defaultdict(int)
    changes: dict[date, Changes] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"first": days.first, "last": days.last})
        for day, model_id, state, change, seconds in cursor.fetchall():
            if day is None:
                bikes[model_id, state] = int(change)
            else:
                changes[day][model_id, state] = (change, seconds)
    return bikes, changes


def _lengths(days: Days) -> dict[date, tuple[float, float]]:
    """The seconds of each counted day: as far as it was counted, and until its end."""
    lengths = {}
    counted = Day.objects.filter(day__range=(days.first, days.last))
    for day, counted_at in counted.values_list("day", "counted_at"):
        if counted_at is not None:
            begin, end = day_begins(day).timestamp(), day_begins(day + timedelta(days=1)).timestamp()
            lengths[day] = (min(end, counted_at.timestamp()) - begin, end - begin)
    return lengths


def _seconds_by_model(
    bikes: Mapping[tuple[UUID, str], int], changed: Changes, counted: float, whole: float
) -> dict[UUID, BikeSeconds]:
    found: dict[UUID, BikeSeconds] = {}
    for model_id, state, seconds in _seconds(bikes, changed, counted):
        if state != OUT:
            of_state = BikeSeconds(seconds, seconds if state == FREE else 0, seconds / whole)
            found[model_id] = found.get(model_id, BikeSeconds()).plus(of_state)
    return found


def _seconds(
    bikes: Mapping[tuple[UUID, str], int], changed: Changes, counted: float
) -> Iterator[tuple[UUID, str, float]]:
    """A bike that came into a state after so many seconds was in it for the rest of the day."""
    for (model_id, state), number in bikes.items():
        change, change_seconds = changed.get((model_id, state), (0, 0))
        yield model_id, state, max(0.0, (number + change) * counted - change_seconds)


def model_names() -> dict[UUID, str]:
    """One statement."""
    return dict(BikeModel.objects.values_list("pk", "name"))
