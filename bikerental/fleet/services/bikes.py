"""Bikes: editing them, and moving them in and out of service."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.geometry import Position
from bikerental.fleet.constants import BikeStatus, Transition, Transitions
from bikerental.fleet.exceptions import (
    BikeMovedError,
    BikeNotFoundError,
    BikeReservedError,
    BikeRiddenError,
    TransitionRefusedError,
)
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.services.moving import bikes_log_place, bikes_move
from bikerental.fleet.types import OFF_STATION, BikePlace, operator


def bikes_send_to_maintenance(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Take bikes out of service. Their places stay. Returns how many are in maintenance now.

    It leaves out bikes that are ridden or retired. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.SEND_TO_MAINTENANCE, operator_id, now)


def bikes_return_to_service(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Offer bikes to riders again. Returns how many are available now.

    It leaves out bikes that are ridden, reserved or retired. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.RETURN_TO_SERVICE, operator_id, now)


@unit_of_work
def bike_change_state(*, bike_id: UUID, transition: Transition, operator_id: UUID, now: datetime) -> None:
    """Move one bike to another state, as an operator. Locks the bike.

    :raises BikeRiddenError: if it is ridden
    :raises TransitionRefusedError: if its state does not allow it for another reason, or there is no such bike
    """
    if not bikes_move(bike_ids=[bike_id], transition=transition, actor=operator(operator_id), now=now):
        raise _refusal_of(Bike.objects.filter(pk=bike_id).values_list("status", flat=True).first())


@unit_of_work
def bike_relocate(*, bike_id: UUID, place: BikePlace, seen: Position, operator_id: UUID, now: datetime) -> None:
    """Write the new place of a free bike, or of one in maintenance. Its state stays. Locks the bike.

    :param seen: where the operator saw it before
    :raises BikeNotFoundError: if there is no such bike
    :raises BikeRiddenError, BikeReservedError, TransitionRefusedError: if it is ridden, reserved or retired
    :raises BikeMovedError: if it is not at `seen`
    """
    bikes_lock(bike_ids=[bike_id])
    bike = Bike.objects.filter(pk=bike_id).first()
    if bike is None:
        raise BikeNotFoundError
    if bike.status not in (BikeStatus.AVAILABLE, BikeStatus.MAINTENANCE):
        raise _refusal_of(bike.status)
    if (bike.latitude, bike.longitude) != seen:
        raise BikeMovedError
    if place.station_id is None:
        bike.latitude, bike.longitude, fields = place.latitude, place.longitude, ["latitude", "longitude"]  # type: ignore[assignment] # without a station both are given
    else:
        bike.station_id, fields = place.station_id, ["station"]
    bike_edit(bike=bike, fields=fields, operator_id=operator_id, now=now)


def _refusal_of(status: str | None) -> TransitionRefusedError:
    refusals = {BikeStatus.RENTED.value: BikeRiddenError, BikeStatus.RESERVED.value: BikeReservedError}
    return refusals.get(status or "", TransitionRefusedError)()


def bikes_pick_up(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Take bikes off the street to carry them elsewhere: nobody can ride them until they are dropped off.

    Returns how many are picked up now. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.PICK_UP, operator_id, now, OFF_STATION)


def bikes_drop_off(
    *, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime, place: BikePlace | None = None
) -> int:
    """Put picked-up and retired bikes at their recorded place, or at the given one, and offer them there.

    Returns how many are available now. Locks the bikes by id.
    """
    return _move(bike_ids, Transitions.DROP_OFF, operator_id, now, place)


def bikes_decommission(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Retire bikes; a drop-off brings one back. Returns how many are retired now. Locks the bikes by id."""
    return _move(bike_ids, Transitions.DECOMMISSION, operator_id, now, OFF_STATION)


@unit_of_work
def bikes_set_tariff(*, bike_ids: Sequence[UUID], tariff_id: UUID) -> int:
    """Change the tariff of bikes. Rides that have begun keep their terms. Locks the bikes by id."""
    bikes_lock(bike_ids=bike_ids)
    return Bike.objects.filter(pk__in=bike_ids).update(tariff=tariff_id)


@unit_of_work
def bike_edit(*, bike: Bike, fields: Collection[str], operator_id: UUID, now: datetime) -> None:
    """Write only the fields that an operator changed, because a ride may have begun since the form was shown."""
    written = _place(bike, fields) - {"status"}
    bike.save(update_fields=written)
    if written & {"station", "latitude", "longitude"}:
        bikes_log_place(bike_ids=[bike.pk], actor=operator(operator_id), now=now)


@unit_of_work
def bike_add(*, bike: Bike, operator_id: UUID, now: datetime) -> None:
    """Add a bike. At a station it needs no position of its own."""
    _place(bike, ["station"])
    bike.save(force_insert=True)
    bikes_log_place(bike_ids=[bike.pk], actor=operator(operator_id), now=now)


def _place(bike: Bike, fields: Collection[str]) -> set[str]:
    """Make place and station agree: a bike at a station has its position, and a bike with another position has no
    station.

    Returns the fields to write, including the ones that were set here.
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
    """Move the bikes. Returns how many have the wanted state now, including those that had it before."""
    bikes_move(bike_ids=bike_ids, transition=transition, actor=operator(operator_id), now=now, place=place)
    return Bike.objects.filter(pk__in=bike_ids, status=transition.state).count()
