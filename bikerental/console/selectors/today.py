"""What needs an operator today: counts, and since when the oldest of each waits."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Min, QuerySet, Value

from bikerental.billing.selectors import money_posted
from bikerental.billing.types import Posted
from bikerental.claims.selectors import open_claims
from bikerental.console.constants import IDLE_DAYS, UNSETTLED_AFTER
from bikerental.console.selectors.lists import (
    grave_reports,
    messages_failed,
    rides_now,
    rides_overdue,
    rides_unsettled,
)
from bikerental.core.days import city_date, day_begins, week_begins
from bikerental.observe.models import Heartbeat
from bikerental.rentals.models import Rental

BEAT = "beat: "
# Those that STATIONS_EMPTY and STATIONS_FULL choose.
_STATIONS = """
    SELECT count(*) FILTER (WHERE is_renting AND coalesce(free, 0) = 0),
           count(*) FILTER (WHERE is_returning AND coalesce(here, 0) >= capacity)
    FROM fleet_station
    LEFT JOIN (
        SELECT station_id, count(*) FILTER (WHERE status = 'available') AS free,
               count(*) FILTER (WHERE status <> 'rented') AS here
        FROM fleet_bike WHERE station_id IS NOT NULL GROUP BY station_id
    ) AS bikes ON bikes.station_id = fleet_station.id
"""

# Those that `idle_bikes` chooses. It looks for the rides of each bike; here the rides of the days are read once.
_IDLE = """
    WITH ridden AS MATERIALIZED (SELECT DISTINCT bike_id FROM rentals_rental WHERE started_at >= %(since)s)
    SELECT count(*) FROM fleet_bike
    WHERE status = 'available' AND created_at < %(since)s
      AND NOT EXISTS (SELECT FROM ridden WHERE ridden.bike_id = fleet_bike.id)
"""


class Waiting(NamedTuple):
    """How many wait, and since when the oldest does."""

    number: int = 0
    oldest: datetime | None = None


class Today(NamedTuple):
    now: datetime
    counts: dict[str, Waiting]
    money: list[Posted]
    heartbeats: dict[str, datetime]

    def waiting(self, name: str) -> Waiting:
        return self.counts.get(name, Waiting())


def today(*, now: datetime) -> Today:
    """Four statements."""
    counts = _counts(now) | _stations()
    idle = _idle(now - timedelta(days=IDLE_DAYS))
    beats = {name.removeprefix(BEAT): each.oldest for name, each in counts.items() if name.startswith(BEAT)}
    heartbeats = {name: beat_at for name, beat_at in beats.items() if beat_at is not None}
    day = city_date(now)
    money = money_posted(begin=day_begins(day), end=day_begins(day + timedelta(days=1)))
    return Today(now, counts | {"bikes_idle": idle}, money, heartbeats)


def _counts(now: datetime) -> dict[str, Waiting]:
    """One statement, over partial indexes and the index of starts. What is not there is left out."""
    day, rides = city_date(now), Rental.objects.filter(is_cancelled=False)
    rows = [
        _counted("claims_open", open_claims(), "created_at"),
        _counted("rides_overdue", rides_overdue(), "started_at"),
        _counted("reports_grave", grave_reports(), "created_at"),
        _counted("rides_unsettled", rides_unsettled(before=now - UNSETTLED_AFTER), "ended_at"),
        _counted("messages_failed", messages_failed(), "created_at"),
        _counted("rides_now", rides_now(), "started_at"),
        _counted("rides_today", rides.filter(started_at__gte=day_begins(day)), "started_at"),
        _counted("rides_week", rides.filter(started_at__gte=week_begins(day)), "started_at"),
        *(_counted(f"{BEAT}{name}", Heartbeat.objects.filter(name=name), "beat_at") for name in ("beat", "backup")),
    ]
    return {name: Waiting(count, oldest) for name, count, oldest in rows[0].union(*rows[1:], all=True)}


def _counted(name: str, rows: QuerySet[Any], since: str) -> Any:
    named = rows.order_by().annotate(counted=Value(name)).values("counted")
    return named.annotate(count=Count("pk"), oldest=Min(since)).values_list("counted", "count", "oldest")


def _stations() -> dict[str, Waiting]:
    """One statement. The lists run one count for each station; for all stations that takes ten times as long."""
    with connection.cursor() as cursor:
        cursor.execute(_STATIONS)
        empty, full = cursor.fetchone()
    return {"stations_empty": Waiting(empty), "stations_full": Waiting(full)}


def _idle(since: datetime) -> Waiting:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_IDLE, {"since": since})
        return Waiting(cursor.fetchone()[0])
