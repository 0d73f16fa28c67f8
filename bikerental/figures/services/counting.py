"""Counts one day from the rows: its rides, places, bikes and money. Counting it again gives the same.

The sums are made in PostgreSQL. The day is the city's: 23 or 25 hours long where the clocks change.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from bikerental.billing.selectors import money_posted
from bikerental.core.days import city_date, day_begins
from bikerental.figures.constants import MINUTES_EXACT, STATEMENT_SECONDS, STREET
from bikerental.figures.models import BikeTime, Day, IdleTime, MoneyDay, RideHour, StationPair, StationUse

_OF_DAY = "ride.started_at >= %(begin)s AND ride.started_at < %(end)s"
_RIDES = f"""
WITH ride AS MATERIALIZED (
    SELECT extract(hour FROM ride.started_at AT TIME ZONE %(zone)s) AS hour, bike.model_id, ride.bike_id,
           ride.started_at, ride.is_cancelled, ride.ended_at IS NOT NULL AND NOT ride.is_cancelled AS has_ended,
           extract(epoch FROM ride.ended_at - ride.started_at) AS seconds
      FROM rentals_rental AS ride JOIN fleet_bike AS bike ON bike.id = ride.bike_id
     WHERE {_OF_DAY}
), hours AS (
    INSERT INTO figures_ridehour (day, hour, model_id, rides, cancelled, ended, ridden_seconds)
    SELECT %(day)s, hour, model_id, count(*) FILTER (WHERE NOT is_cancelled), count(*) FILTER (WHERE is_cancelled),
           count(*) FILTER (WHERE has_ended), coalesce(sum(seconds) FILTER (WHERE has_ended), 0)
      FROM ride GROUP BY hour, model_id
), idle AS MATERIALIZED (
    SELECT CASE WHEN minutes < {MINUTES_EXACT} THEN minutes ELSE minutes / 60 * 60 END AS minutes
      FROM ride
      CROSS JOIN LATERAL (
          SELECT earlier.ended_at FROM rentals_rental AS earlier
           WHERE earlier.bike_id = ride.bike_id AND earlier.started_at < ride.started_at AND NOT earlier.is_cancelled
           ORDER BY earlier.started_at DESC LIMIT 1
      ) AS earlier
      CROSS JOIN LATERAL (
          -- The clocks of two servers may differ.
          SELECT floor(greatest(extract(epoch FROM ride.started_at - earlier.ended_at), 0) / 60)::integer AS minutes
      ) AS idle
     WHERE NOT ride.is_cancelled AND earlier.ended_at IS NOT NULL
), idle_times AS (
    INSERT INTO figures_idletime (day, minutes, rides) SELECT %(day)s, minutes, count(*) FROM idle GROUP BY minutes
)
UPDATE figures_day
   SET is_due = false, counted_at = %(now)s,
       open_rides = (SELECT count(*) FROM rentals_rental AS ride WHERE {_OF_DAY} AND ride.status = 'active'),
       idle_minutes = (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY minutes) FROM idle)
 WHERE day = %(day)s
"""  # noqa: S608 - of constants alone
_PLACES = f"""
WITH ride AS MATERIALIZED (
    SELECT coalesce(ride.start_station_id, %(street)s) AS start_id, coalesce(ride.end_station_id, %(street)s) AS end_id,
           ride.ended_at IS NOT NULL AS has_ended
      FROM rentals_rental AS ride
     -- Without a rider it has no places any more.
     WHERE {_OF_DAY} AND NOT ride.is_cancelled AND ride.rider_id IS NOT NULL
), stations AS (
    INSERT INTO figures_stationuse (day, station_id, departures, arrivals)
    SELECT %(day)s, place_id, sum(departures), sum(arrivals)
      FROM (SELECT start_id, 1, 0 FROM ride UNION ALL SELECT end_id, 0, 1 FROM ride WHERE has_ended)
           AS use (place_id, departures, arrivals)
     GROUP BY place_id
)
INSERT INTO figures_stationpair (day, start_id, end_id, rides)
SELECT %(day)s, start_id, end_id, count(*) FROM ride WHERE has_ended GROUP BY start_id, end_id
"""  # noqa: S608
# The state before an event is that of the bike's earlier event. If retention has deleted that one, it follows from the
# event's type.
_BIKES = """
WITH move AS MATERIALIZED (
    SELECT bike.model_id, event.state, extract(epoch FROM event.happened_at - %(begin)s) AS seconds,
           coalesce(earlier.state, CASE
               WHEN bike.created_at >= %(log_begins)s THEN NULL
               WHEN event.event_types && ARRAY['trip_end', 'trip_cancel']::varchar[] THEN 'rented'
               WHEN event.event_types && ARRAY['reservation_cancel']::varchar[] THEN 'reserved'
               WHEN event.state IN ('available', 'retired') THEN 'maintenance'
               ELSE 'available'
           END) AS state_before
      FROM fleet_bikeevent AS event
      JOIN fleet_bike AS bike ON bike.id = event.bike_id
      LEFT JOIN LATERAL (
          SELECT state FROM fleet_bikeevent AS earlier
           WHERE earlier.bike_id = event.bike_id AND earlier.id < event.id ORDER BY earlier.id DESC LIMIT 1
      ) AS earlier ON true
     WHERE event.happened_at >= %(begin)s AND event.happened_at < %(end)s
), changed AS (
    SELECT model_id, state, sum(step) AS change, sum(step * seconds) AS change_seconds
      FROM (SELECT model_id, state, 1, seconds FROM move
             UNION ALL
            SELECT model_id, state_before, -1, seconds FROM move WHERE state_before IS NOT NULL)
           AS step (model_id, state, step, seconds)
     GROUP BY model_id, state
), present AS (
    SELECT model_id, status AS state, count(*) AS bikes FROM fleet_bike WHERE %(is_today)s GROUP BY model_id, status
)
INSERT INTO figures_biketime (day, model_id, state, bikes, change, change_seconds)
SELECT %(day)s, model_id, state, CASE WHEN %(is_today)s THEN coalesce(bikes, 0) END, coalesce(change, 0),
       coalesce(change_seconds, 0)
  FROM changed FULL JOIN present USING (model_id, state)
"""


def day_count(day: Day, *, now: datetime) -> None:
    """Count the day, and mark it as counted. The caller has locked it."""
    values = _values(day, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{STATEMENT_SECONDS}s"])
        # A day whose rows retention has begun to delete is not counted again, but is if it never was.
        if day.counted_at is None or values["begin"] > now - timedelta(days=settings.RIDE_RETENTION_DAYS - 1):
            _replace(cursor, _PLACES, values, StationUse, StationPair)
        if day.counted_at is None or values["begin"] > values["log_begins"] + timedelta(days=1):
            _replace(cursor, _BIKES, values, BikeTime)
        _replace(cursor, _RIDES, values, RideHour, IdleTime)
    MoneyDay.objects.filter(day=day.day).delete()
    posted = money_posted(begin=values["begin"], end=values["end"])
    MoneyDay.objects.bulk_create(MoneyDay(day=day.day, **money._asdict()) for money in posted)


def _values(day: Day, now: datetime) -> dict[str, Any]:
    return {
        "day": day.day,
        "begin": day_begins(day.day),
        "end": day_begins(day.day + timedelta(days=1)),
        "now": now,
        "zone": settings.CITY_TIME_ZONE,
        "is_today": day.day == city_date(now),
        "street": STREET,
        "log_begins": now - timedelta(days=settings.BIKE_LOG_RETENTION_DAYS),
    }


def _replace(cursor: Any, insert: str, values: dict[str, Any], *models: Any) -> None:
    for model in models:
        model.objects.filter(day=values["day"]).delete()
    cursor.execute(insert, values)
