"""The only service that moves bikes. One statement makes the move and its row in the log, so neither exists alone.

Rides write their own rows in the same statement: they get its parts about the bike from `bike_move_sql`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.registry import declared
from bikerental.fleet.constants import ActorKind, BikeStatus, Transition
from bikerental.fleet.exceptions import TransitionRefusedError
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike
from bikerental.fleet.types import Actor, BikePlace

_LOG = """
    INSERT INTO fleet_bikeevent (
        bike_id, happened_at, event_types, state, latitude, longitude, station_id,
        rental_id, reservation_id, actor, operator_id, note
    )
"""
_MOVE = f"""
    WITH moved AS (
        UPDATE fleet_bike AS bike SET
            status = %(state)s,
            station_id = CASE WHEN %(has_place)s THEN %(station_id)s::uuid ELSE bike.station_id END,
            latitude = COALESCE(%(latitude)s::float8, bike.latitude),
            longitude = COALESCE(%(longitude)s::float8, bike.longitude)
        FROM fleet_bike AS before
        WHERE before.id = bike.id AND bike.id = ANY (%(bike_ids)s::uuid[]) AND bike.status = ANY (%(origins)s::text[])
        RETURNING bike.id, bike.status, bike.latitude, bike.longitude,
                  -- what leaves a station and comes to no other place left that station
                  CASE WHEN %(latitude)s::float8 IS NULL THEN before.station_id ELSE bike.station_id END AS station_id
    )
    {_LOG}
    SELECT id, %(now)s, %(event_types)s::text[], status, latitude, longitude, station_id,
           %(rental_id)s::uuid, %(reservation_id)s::uuid, %(actor)s, %(operator_id)s::uuid, %(note)s
    FROM moved ORDER BY id
    RETURNING bike_id
"""  # noqa: S608 - of constants alone
# A reserved or ridden bike has no place of its own. The row that ends this state has it.
_LOG_PLACE = f"""
    {_LOG}
    SELECT id, %(now)s,
           CASE status WHEN 'available' THEN ARRAY['provider_drop_off'] ELSE ARRAY['rebalance_pick_up'] END,
           status, latitude, longitude, station_id, NULL::uuid, NULL::uuid, %(actor)s, %(operator_id)s::uuid, %(note)s
    FROM fleet_bike WHERE id = ANY (%(bike_ids)s::uuid[]) AND status IN ('available', 'maintenance') ORDER BY id
"""  # noqa: S608 - of constants alone


def bike_move_sql(transition: Transition, *, place: str, station: str = "station_id") -> str:
    """The SQL of a move, as two parts of WITH. `bike` moves the bike, and `bike_event` writes its row in the log.

    Its values are `bike_id`; `bike_status`, which the caller has read under the bike's lock; `now`, `rental_id`,
    `reservation_id`; and `operator_id`, which is None if the rider moves the bike. An operator's note about a ride
    stays with the ride, which can erase it.

    :param place: SQL that sets the bike's station and position
    :param station: SQL of the station for the log
    """
    origins, event_types = (
        ", ".join(f"'{value}'" for value in values) for values in (transition.origins, transition.event_types)
    )
    return f"""
        bike AS (
            UPDATE fleet_bike SET status = '{transition.state}', {place}
             WHERE id = %(bike_id)s AND status = %(bike_status)s AND status IN ({origins})
            RETURNING id, status, latitude, longitude, station_id
        ), bike_event AS (
            {_LOG}
            SELECT id, %(now)s, ARRAY[{event_types}], status, latitude, longitude, {station},
                   %(rental_id)s, %(reservation_id)s,
                   CASE WHEN %(operator_id)s::uuid IS NULL THEN 'rider' ELSE 'operator' END, %(operator_id)s::uuid, ''
            FROM bike
        )"""  # noqa: S608 - of the table's own words


@unit_of_work
def bikes_move(
    *,
    bike_ids: Sequence[UUID],
    transition: Transition,
    actor: Actor,
    now: datetime,
    place: BikePlace | None = None,
    rental_id: UUID | None = None,
    reservation_id: UUID | None = None,
    note: str = "",
) -> list[UUID]:
    """Move the bikes whose state allows it. Returns their ids. The others stay unchanged.

    Locks the bikes by id. Two statements, and one more if a reservation may have to end first.

    :param place: the new place; without one each bike stays where it is
    """
    if actor.kind not in transition.actors:
        raise ValueError(f"{actor.kind} may not do this: {transition.event_types}")
    bikes_lock(bike_ids=bike_ids)
    if BikeStatus.RESERVED in transition.origins and ActorKind.RIDER not in transition.actors:
        _end_holds(bike_ids, actor, now)
    values = {
        "bike_ids": list(bike_ids),
        "origins": [origin.value for origin in transition.origins],
        "event_types": [event_type.value for event_type in transition.event_types],
        "state": transition.state.value,
        "rental_id": rental_id,
        "reservation_id": reservation_id,
        "has_place": place is not None,
        "station_id": place and place.station_id,
        "latitude": place and place.latitude,
        "longitude": place and place.longitude,
        **_log_values(actor, now, note),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, values)
        return [bike_id for (bike_id,) in cursor.fetchall()]


def _end_holds(bike_ids: Sequence[UUID], actor: Actor, now: datetime) -> None:
    """End reservations before their bikes leave the street. The app above that has reservations declares how."""
    reserved = list(Bike.objects.filter(pk__in=bike_ids, status=BikeStatus.RESERVED).values_list("pk", flat=True))
    if reserved:
        for take_away in declared("holds", "TAKE_AWAY"):
            take_away(bike_ids=reserved, actor=actor, now=now)


def bike_move(*, bike_id: UUID, transition: Transition, actor: Actor, now: datetime, **details: Any) -> None:
    """Move one bike, as `bikes_move`.

    :raises TransitionRefusedError: if the bike's state does not allow it
    """
    if not bikes_move(bike_ids=[bike_id], transition=transition, actor=actor, now=now, **details):
        raise TransitionRefusedError


def bikes_log_place(*, bike_ids: Sequence[UUID], actor: Actor, now: datetime, note: str = "") -> None:
    """Log that the bikes are at another place, in the same state. The caller has written the place. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LOG_PLACE, {"bike_ids": list(bike_ids), **_log_values(actor, now, note)})


def _log_values(actor: Actor, now: datetime, note: str) -> dict[str, Any]:
    return {"now": now, "actor": actor.kind.value, "operator_id": actor.operator_id, "note": note}
