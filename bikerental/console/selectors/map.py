"""What the map shows: stations, free bikes and zones, and what has changed of them since a mark.

PostgreSQL writes the JSON: ten thousand bikes as Python objects would take three times as long.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from django.db import connection

from bikerental.console.constants import DEGREE_PARTS, MAP_EVENTS_MAX, MAP_OVERLAP

# The mark comes first: what is written after it is in the next answer.
_HEAD = """
    SELECT coalesce((SELECT max(id) FROM fleet_bikeevent), 0),
           (SELECT happened_at FROM fleet_bikeevent WHERE id = %(event)s),
           coalesce((SELECT number FROM zones_zoneversion), 0),
           (SELECT count(*) FROM rentals_rental WHERE status = 'active'),
           (SELECT coalesce(sum(hashtextextended(number || model_id, 0)), 0) FROM fleet_bike),
           CASE WHEN %(with_reports)s THEN
               (SELECT json_object_agg(number, number_of)::text
                  FROM (SELECT bike_id, count(*) AS number_of FROM fleet_bikereport
                         WHERE state = 'open' GROUP BY bike_id) AS reports
                  JOIN fleet_bike ON fleet_bike.id = bike_id)
           END,
           json_build_object(
               'models', (SELECT coalesce(json_agg(json_build_array(id, name) ORDER BY id), '[]') FROM fleet_bikemodel),
               'stations', (SELECT coalesce(json_agg(json_build_array(
                                       id, name, round(latitude * %(parts)s), round(longitude * %(parts)s), capacity,
                                       is_renting, is_returning) ORDER BY id), '[]')
                              FROM fleet_station)
           )::text
"""
# A bike is named by its number alone: ids would be two thirds of what is sent. A ridden bike has no position, so that
# no operator can follow a rider. A retired bike has none either.
_BIKES = """
    SELECT json_build_object(
        'number', coalesce(json_agg(number), '[]'),
        'state', coalesce(json_agg(state), '[]'),
        'latitude', coalesce(json_agg(latitude), '[]'),
        'longitude', coalesce(json_agg(longitude), '[]'),
        'model', coalesce(json_agg(model), '[]'),
        'station', coalesce(json_agg(station), '[]'),
        'idle', coalesce(json_agg(idle), '[]')
    )::text
    FROM (
        SELECT bike.number, stands.state,
               CASE WHEN stands.state IS NOT NULL THEN round(bike.latitude * %(parts)s) END AS latitude,
               CASE WHEN stands.state IS NOT NULL THEN round(bike.longitude * %(parts)s) END AS longitude,
               model.place AS model, station.place AS station,
               greatest(0, floor(extract(epoch FROM %(now)s - coalesce(
                   (SELECT ride.started_at FROM rentals_rental AS ride WHERE ride.bike_id = bike.id
                     ORDER BY ride.started_at DESC LIMIT 1), bike.created_at)) / 86400))::int AS idle
          FROM fleet_bike AS bike
         CROSS JOIN LATERAL (
               SELECT array_position(ARRAY['available', 'reserved', 'maintenance']::text[], bike.status::text)
             ) AS stands (state)
          JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM fleet_bikemodel) AS model
            ON model.id = bike.model_id
          LEFT JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM fleet_station) AS station
            ON station.id = bike.station_id
         WHERE {which}
         ORDER BY bike.number
    ) AS rows
"""
_ALL = _BIKES.format(which="bike.status NOT IN ('rented', 'retired')")
_CHANGED = _BIKES.format(which="bike.id IN (SELECT bike_id FROM fleet_bikeevent WHERE happened_at >= %(since)s)")
_ZONES = """
    SELECT coalesce(json_agg(json_build_object(
               'id', id, 'name', name, 'kind', kind, 'is_active', is_active, 'shape', shape
           ) ORDER BY name, id), '[]')::text
      FROM zones_zone
"""


class Mark(NamedTuple):
    """What a browser has seen: the last event, the number of the zones' last change, a hash of the stations and
    models, and one of what bikes are called and of which model they are, which is in no log.
    """

    event: int = 0
    zones: int = -1
    places: str = ""
    bikes: str = ""

    @classmethod
    def read(cls, text: str) -> "Mark":
        """A text that is no mark counts as none, so that everything is sent."""
        event, _, rest = text.partition("-")
        zones, _, rest = rest.partition("-")
        places, _, bikes = rest.partition("-")
        if not (event.isascii() and event.isdecimal() and zones.isascii() and zones.isdecimal()):
            return cls()
        if len(event) > 18 or len(zones) > 18:
            return cls()
        return cls(int(event), int(zones), places, bikes)

    def __str__(self) -> str:
        return f"{self.event}-{self.zones}-{self.places}-{self.bikes}"


class MapData(NamedTuple):
    etag: str
    body: bytes


def map_data(*, since: Mark, with_reports: bool, with_zones: bool, now: datetime) -> MapData:
    """Two statements, and one more if a zone has changed since the mark."""
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, {"event": since.event, "with_reports": with_reports, "parts": DEGREE_PARTS})
        event, happened_at, zones, rides, bikes, reports, places = cursor.fetchone()
        mark = Mark(event, zones, _short(places), _short(str(bikes)))
        is_whole = mark.bikes != since.bikes or happened_at is None or not 0 <= event - since.event <= MAP_EVENTS_MAX
        values = {"parts": DEGREE_PARTS, "now": now, "since": happened_at and happened_at - MAP_OVERLAP}
        answer: dict[str, Any] = {
            "mark": str(mark),
            "whole": is_whole,
            "rides": rides,
            "reports": orjson.Fragment(reports or "{}") if with_reports else None,
            "bikes": orjson.Fragment(_value(cursor, _ALL if is_whole else _CHANGED, values)),
        }
        if is_whole or mark.places != since.places:
            answer["places"] = orjson.Fragment(places)
        if with_zones and (is_whole or mark.zones != since.zones):
            answer["zones"] = orjson.Fragment(_value(cursor, _ZONES, {}))
    body = orjson.dumps(answer)
    return MapData(f'"{sha256(body).hexdigest()[:32]}"', body)


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _value(cursor: Any, statement: str, values: dict[str, Any]) -> str:
    cursor.execute(statement, values)
    return str(cursor.fetchone()[0])
