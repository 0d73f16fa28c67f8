"""Bikes, their log and the stations, for the city's view. Each page is one statement."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from bikerental.core.db.keyset import pages_after
from bikerental.feeds.documents.mds.bikes import REMOVED, BikeRow, EventRow, state_after
from bikerental.feeds.documents.mds.stops import StopRow
from bikerental.feeds.exceptions import VehicleNotFoundError
from bikerental.fleet.exceptions import StationNotFoundError

PAGE = 1000
FIRST_ID = UUID(int=0)
# How long a bike is shown after it was carried away or has left the fleet.
VEHICLES_SHOWN_FOR, STATUS_SHOWN_FOR = timedelta(days=30), timedelta(minutes=90)

MILLISECONDS = "floor(extract(epoch FROM {}) * 1000)::bigint"
_EVENT = f"""
    event.id, event.bike_id::text, {MILLISECONDS.format("event.happened_at")}, event.event_types, event.state,
    event.latitude, event.longitude, event.station_id::text, event.rental_id::text
"""
_EVENTS = f"""
    SELECT {_EVENT}, event.happened_at FROM fleet_bikeevent AS event
     WHERE event.happened_at >= %(since)s AND event.happened_at < %(until)s
       AND (event.happened_at, event.id) > (%(since)s, %(after)s)
     ORDER BY event.happened_at, event.id LIMIT {PAGE}
"""  # noqa: S608 - of constants alone
_BIKES = f"""
    SELECT bike.id, bike.number, model.name, model.propulsion, {{event}}
      FROM (SELECT * FROM fleet_bike WHERE {{which}} ORDER BY id LIMIT {PAGE}) AS bike
      JOIN fleet_bikemodel AS model ON model.id = bike.model_id
      LEFT JOIN LATERAL (
          SELECT * FROM fleet_bikeevent AS of_bike WHERE of_bike.bike_id = bike.id ORDER BY of_bike.id DESC LIMIT 1
      ) AS event ON true
     ORDER BY bike.id
"""  # noqa: S608
_BIKES_AFTER = _BIKES.format(event=_EVENT, which="id > %(bike_id)s")
_BIKE = _BIKES.format(event=_EVENT, which="id = %(bike_id)s")
_STOPS = f"""
    SELECT station.id, station.name, station.latitude, station.longitude, station.capacity,
           station.is_renting, station.is_returning,
           CASE WHEN station.is_renting THEN coalesce(here.available, 0) ELSE 0 END, coalesce(here.bikes, 0)
      FROM (SELECT * FROM fleet_station WHERE {{which}} ORDER BY id LIMIT {PAGE}) AS station
      LEFT JOIN LATERAL (
          SELECT count(*) AS bikes, count(*) FILTER (WHERE status = 'available') AS available
            FROM fleet_bike WHERE station_id = station.id AND status NOT IN ('rented', 'retired')
      ) AS here ON true
     ORDER BY station.id
"""  # noqa: S608
_STOPS_AFTER, _STOP = _STOPS.format(which="id > %(station_id)s"), _STOPS.format(which="id = %(station_id)s")


def event_pages(*, since: datetime, until: datetime, after_id: int = 0) -> Iterator[list[tuple[EventRow, datetime]]]:
    """The log between the two times, each row with its exact time.

    :param after_id: of the rows at `since`, those after this id
    """

    def read(last: tuple[EventRow, datetime] | None) -> list[tuple[EventRow, datetime]]:
        start, after = (since, after_id) if last is None else (last[1], last[0].id)
        with connection.cursor() as cursor:
            cursor.execute(_EVENTS, {"since": start, "until": until, "after": after})
            return [(EventRow._make(row[:-1]), row[-1]) for row in cursor.fetchall()]

    return pages_after(read, size=PAGE)


def bike_pages(*, after_id: UUID = FIRST_ID) -> Iterator[list[BikeRow]]:
    """All bikes by id, each with the last row of its log."""
    return pages_after(lambda last: _bikes(_BIKES_AFTER, after_id if last is None else last.id), size=PAGE)


def bike_row(*, bike_id: UUID) -> BikeRow:
    """One statement.

    :raises VehicleNotFoundError: if there is none
    """
    rows = _bikes(_BIKE, bike_id)
    if not rows:
        raise VehicleNotFoundError
    return rows[0]


def is_shown(bike: BikeRow, *, now: datetime, shown_for: timedelta) -> bool:
    if bike.last is None or state_after(bike.last) != REMOVED:
        return True
    return bike.last.happened_ms >= (now - shown_for).timestamp() * 1000


def stop_pages() -> Iterator[list[StopRow]]:
    """All stations by id."""
    return pages_after(lambda last: _stops(_STOPS_AFTER, FIRST_ID if last is None else last.id), size=PAGE)


def stop_row(*, station_id: UUID) -> StopRow:
    """One statement.

    :raises StationNotFoundError: if there is none
    """
    rows = _stops(_STOP, station_id)
    if not rows:
        raise StationNotFoundError
    return rows[0]


def _bikes(statement: str, bike_id: UUID) -> list[BikeRow]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"bike_id": bike_id})
        return [
            BikeRow._make((*row[:4], None if row[4] is None else EventRow._make(row[4:]))) for row in cursor.fetchall()
        ]


def _stops(statement: str, station_id: UUID) -> list[StopRow]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"station_id": station_id})
        return [StopRow(*row) for row in cursor.fetchall()]
