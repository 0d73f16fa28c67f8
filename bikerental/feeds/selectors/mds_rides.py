"""Rides for the city's view: where each began and ended, and the counts of a month.

A place comes from the log of bikes; where the log has no row of the ride, from the station that the ride names.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection

from bikerental.core.db.keyset import pages_after
from bikerental.feeds.documents.mds.reports import MonthCounts
from bikerental.feeds.documents.mds.rides import RideRow
from bikerental.feeds.selectors.mds_bikes import FIRST_ID, MILLISECONDS, PAGE

# A ride's first row in the log has the ride's own start, so the index of times finds it. The next row of the same bike
# is the ride's end: a ridden bike can do nothing else.
_RIDES = f"""
    SELECT ride.{{key}}, ride.id, ride.bike_id::text,
           {MILLISECONDS.format("ride.started_at")}, {MILLISECONDS.format("ride.ended_at")},
           coalesce(start.latitude, start_station.latitude), coalesce(start.longitude, start_station.longitude),
           ride.start_station_id::text,
           coalesce(finish.latitude, end_station.latitude), coalesce(finish.longitude, end_station.longitude),
           ride.end_station_id::text
      FROM (
          SELECT id, bike_id, started_at, ended_at, start_station_id, end_station_id FROM rentals_rental
           WHERE {{key}} >= %(since)s AND {{key}} < %(until)s AND ({{key}}, id) > (%(since)s, %(after)s)
           ORDER BY {{key}}, id LIMIT {PAGE}
      ) AS ride
      LEFT JOIN LATERAL (
          SELECT id, latitude, longitude FROM fleet_bikeevent
           WHERE happened_at = ride.started_at AND rental_id = ride.id AND event_types = '{{{{trip_start}}}}' LIMIT 1
      ) AS start ON true
      LEFT JOIN LATERAL (
          SELECT latitude, longitude, rental_id FROM fleet_bikeevent
           WHERE bike_id = ride.bike_id AND id > start.id ORDER BY id LIMIT 1
      ) AS finish ON finish.rental_id = ride.id
      LEFT JOIN fleet_station AS start_station ON start_station.id = ride.start_station_id
      LEFT JOIN fleet_station AS end_station ON end_station.id = ride.end_station_id
     ORDER BY ride.{{key}}, ride.id
"""  # noqa: S608 - of constants alone
_BY_START, _BY_END = _RIDES.format(key="started_at"), _RIDES.format(key="ended_at")
_BEGINNING = """
    SELECT least((SELECT min(happened_at) FROM fleet_bikeevent), (SELECT min(started_at) FROM rentals_rental))
"""
_COUNTS = """
    SELECT count(*), count(DISTINCT rider_id) FROM rentals_rental
     WHERE started_at >= %(since)s AND started_at < %(until)s AND NOT is_cancelled
"""


def pages_of_started(*, since: datetime, until: datetime) -> Iterator[list[RideRow]]:
    """The rides that began between the two times, in order. Each page is one statement."""
    return _pages(_BY_START, since, until)


def pages_of_ended(*, since: datetime, until: datetime) -> Iterator[list[RideRow]]:
    """The rides that ended between the two times, in order. Each page is one statement."""
    return _pages(_BY_END, since, until)


def operating_since() -> datetime | None:
    """When the first bike stood on the street or the first ride began. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGINNING)
        row: tuple[datetime | None] = cursor.fetchone()
    return row[0]


def month_counts(*, since: datetime, until: datetime) -> MonthCounts:
    """How many rides began between the two times, without cancelled ones, and of how many riders. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"since": since, "until": until})
        return MonthCounts(*cursor.fetchone())


def _pages(statement: str, since: datetime, until: datetime) -> Iterator[list[RideRow]]:
    def read(last: RideRow | None) -> list[RideRow]:
        start, after = (since, FIRST_ID) if last is None else (last.key, last.id)
        with connection.cursor() as cursor:
            cursor.execute(statement, {"since": start, "until": until, "after": after})
            return [RideRow(*row) for row in cursor.fetchall()]

    return pages_after(read, size=PAGE)
