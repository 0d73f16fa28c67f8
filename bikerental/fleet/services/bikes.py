"""Bikes: taken, released, edited, in and out of service."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.constants import Transition, Transitions
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.services.moving import bikes_log_place, bikes_move
from bikerental.fleet.types import OFF_STATION, BikePlace, operator


def bikes_send_to_maintenance(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Take bikes off the street; where they stand stays known. How many are in maintenance now.

    Leaves out those that are ridden or retired. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.SEND_TO_MAINTENANCE, operator_id, now)


def bikes_return_to_service(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Offer bikes to riders again. How many are available now.

    Leaves out those that are ridden, reserved or retired. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.RETURN_TO_SERVICE, operator_id, now)


def bikes_pick_up(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Bikes are carried elsewhere: until they are dropped off nobody rides them. How many. Locks the bikes by id."""
    return _move(bike_ids, Transitions.PICK_UP, operator_id, now, OFF_STATION)


def bikes_drop_off(
    *, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime, place: BikePlace | None = None
) -> int:
    """Bikes are put where they are written to be, or at the place, and offered there: picked up ones and retired ones.

    How many are available now. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.DROP_OFF, operator_id, now, place)


def bikes_decommission(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Bikes leave the fleet; a drop-off brings one back. How many. Locks the bikes by id."""
    return _move(bike_ids, Transitions.DECOMMISSION, operator_id, now, OFF_STATION)


@unit_of_work
def bikes_set_tariff(*, bike_ids: Sequence[UUID], tariff_id: UUID) -> int:
    """Rides that have begun keep the terms they began with. Locks the bikes by id."""
    bikes_lock(bike_ids=bike_ids)
    return Bike.objects.filter(pk__in=bike_ids).update(tariff=tariff_id)


@unit_of_work
def bike_edit(*, bike: Bike, fields: Collection[str], operator_id: UUID, now: datetime) -> None:
    """Write what an operator has changed and no more: a ride may have begun since the form was shown."""
    written = _place(bike, fields) - {"status"}
    bike.save(update_fields=written)
    if written & {"station", "latitude", "longitude"}:
        bikes_log_place(bike_ids=[bike.pk], actor=operator(operator_id), now=now)


@unit_of_work
def bike_add(*, bike: Bike, operator_id: UUID, now: datetime) -> None:
    """A new bike; at a station it needs no position of its own."""
    _place(bike, ["station"])
    bike.save(force_insert=True)
    bikes_log_place(bike_ids=[bike.pk], actor=operator(operator_id), now=now)


def _place(bike: Bike, fields: Collection[str]) -> set[str]:
    """A bike at a station stands where the station is, and one with another position is at none.

    The fields to write, those among them that follow from the given ones.
    """
    position = {"latitude", "longitude"}
    if bike.station_id and ("station" in fields or None in (bike.latitude, bike.longitude)):
        station = Station.objects.get(pk=bike.station_id)
        bike.latitude, bike.longitude = station.latitude, station.longitude
        return {*fields, *position}
    if bike.station_id and position.intersection(fields):
        bike.station = None
        return {*fields, "station"}
    return set(fields)


@unit_of_work
def _move(
    bike_ids: Sequence[UUID], transition: Transition, operator_id: UUID, now: datetime, place: BikePlace | None = None
) -> int:
    """How many are as they should be: those that were before as well."""
    bikes_move(bike_ids=bike_ids, transition=transition, actor=operator(operator_id), now=now, place=place)
    return Bike.objects.filter(pk__in=bike_ids, status=transition.state).count()
