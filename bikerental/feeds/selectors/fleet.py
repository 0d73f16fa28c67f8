"""Bikes, stations and tariffs as GBFS shows them. What riders can take is what the API lists as available."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.db import connection

from bikerental.core.db.columns import Columns, Shared, as_text
from bikerental.feeds.types import PlanRow, StationRow, TypeRow, VehicleRow
from bikerental.fleet.models import BikeModel, Tariff
from bikerental.fleet.types import TariffTerms

# For most bikes the last event is the end of a ride: one lookup each. The event's id stands for the ride's.
_VEHICLES = """
    SELECT bike.id::text,
           CASE WHEN last.event_types && ARRAY['trip_end', 'trip_cancel']::varchar[] THEN last.id ELSE (
               SELECT event.id FROM fleet_bikeevent AS event
                WHERE event.bike_id = bike.id AND event.event_types && ARRAY['trip_end', 'trip_cancel']::varchar[]
                ORDER BY event.id DESC LIMIT 1
           ) END,
           bike.model_id::text, bike.tariff_id::text, bike.station_id::text, bike.status = 'reserved',
           bike.latitude, bike.longitude,
           CASE WHEN last.id IS NOT NULL THEN
               floor(extract(epoch FROM least(last.happened_at, %(now)s)))::bigint
           END
      FROM fleet_bike AS bike
      LEFT JOIN LATERAL (
          SELECT event.id, event.event_types, event.happened_at FROM fleet_bikeevent AS event
           WHERE event.bike_id = bike.id ORDER BY event.id DESC LIMIT 1
      ) AS last ON true
     WHERE bike.status IN ('available', 'reserved')
       AND (bike.station_id IS NULL OR bike.station_id NOT IN (SELECT id FROM fleet_station WHERE NOT is_renting))
"""
# A dock is taken by every bike that stands there, in any state, as in the API.
_STATIONS = """
    SELECT station.id::text, station.name, station.latitude, station.longitude, station.capacity,
           station.is_renting, station.is_returning,
           CASE WHEN station.is_returning THEN greatest(0, station.capacity - coalesce(here.bikes, 0)) ELSE 0 END,
           region.region_id::text, least(%(now)s, greatest(station.created_at, (
               SELECT max(event.happened_at) FROM fleet_bikeevent AS event WHERE event.station_id = station.id
           )))
      FROM fleet_station AS station
      LEFT JOIN (
          SELECT station_id, count(*) AS bikes FROM fleet_bike WHERE status <> 'rented' GROUP BY station_id
      ) AS here ON here.station_id = station.id
      LEFT JOIN feeds_regionstation AS region ON region.station_id = station.id
     ORDER BY station.name, station.id
"""
_PLANS_OF_TYPES = """
    SELECT model_id, tariff_id::text FROM fleet_bike WHERE status <> 'retired'
     GROUP BY model_id, tariff_id ORDER BY count(*) DESC, tariff_id
"""
_PLAN = Columns(PlanRow, id=as_text("id"), terms=Shared(TariffTerms))


def vehicle_rows(*, now: datetime) -> list[VehicleRow]:
    """In no order. One statement, with an index lookup or two for each bike.

    No time is after `now`, although rides end while a build waits for its turn.
    """
    with connection.cursor() as cursor:
        cursor.execute(_VEHICLES, {"now": now})
        # `_make` would also check the length, and take twice as long.
        return list(map(partial(tuple.__new__, VehicleRow), cursor.fetchall()))


def station_rows(*, now: datetime) -> list[StationRow]:
    """By name, with no time after `now`. One statement, with an index lookup for each station."""
    with connection.cursor() as cursor:
        cursor.execute(_STATIONS, {"now": now})
        return list(map(StationRow._make, cursor.fetchall()))


def type_rows() -> list[TypeRow]:
    """By name. Two statements."""
    plans: dict[object, list[str]] = {}
    for model_id, tariff_id in _plans_of_types():
        plans.setdefault(model_id, []).append(tariff_id)
    models = BikeModel.objects.order_by("name", "pk").values_list("pk", "name", "propulsion", "max_range_m")
    return [TypeRow(str(model[0]), *model[1:], tuple(plans.get(model[0], ()))) for model in models]


def plan_rows(types: list[TypeRow]) -> list[PlanRow]:
    """The tariffs of these types, by name. One statement."""
    tariffs = Tariff.objects.filter(pk__in={plan_id for each in types for plan_id in each.plan_ids})
    return list(_PLAN.rows(tariffs.order_by("name", "pk").values_list(*_PLAN.paths)))


def _plans_of_types() -> Iterator[tuple[object, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_PLANS_OF_TYPES)
        yield from cursor.fetchall()
