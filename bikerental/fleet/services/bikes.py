"""Bikes: taken, released, edited, in and out of service."""

from collections.abc import Collection, Sequence
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.fleet.locks import bike_lock_for_rental, bikes_lock
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.numbers import number_key
from bikerental.fleet.types import BikeForRental


def bike_claim(*, bike_id: UUID | None = None, bike_number: str | None = None) -> BikeForRental:
    """A bike that a rider may take, locked until the unit of work that takes it ends. One statement.

    No unit of its own: the caller may go on after a refusal, which has written nothing.

    :raises BikeNotFoundError: if there is none
    :raises BikeUnavailableError: if it is ridden, reserved or in maintenance
    """
    key = None if bike_number is None else number_key(bike_number)
    bike = bike_lock_for_rental(bike_id=bike_id, number_key=key)
    if bike is None:
        raise BikeNotFoundError
    if bike.status != BikeStatus.AVAILABLE:
        raise BikeUnavailableError
    return bike


def bike_send_to_maintenance(*, bike_id: UUID) -> None:
    """Take a bike off the street; where it stands stays known.

    :raises BikeNotFoundError: if there is none
    :raises BikeUnavailableError: while it is rented
    """
    _status_set(bike_id, BikeStatus.MAINTENANCE)


def bike_return_to_service(*, bike_id: UUID) -> None:
    """Offer a bike to riders again.

    :raises BikeNotFoundError: if there is none
    :raises BikeUnavailableError: while it is rented
    """
    _status_set(bike_id, BikeStatus.AVAILABLE)


def bikes_send_to_maintenance(*, bike_ids: Sequence[UUID]) -> int:
    """As for one, but leaves out those rented. Returns how many it is for. Locks the bikes by id."""
    return _statuses_set(bike_ids, BikeStatus.MAINTENANCE)


def bikes_return_to_service(*, bike_ids: Sequence[UUID]) -> int:
    """As for one, but leaves out those rented. Returns how many it is for. Locks the bikes by id."""
    return _statuses_set(bike_ids, BikeStatus.AVAILABLE)


@unit_of_work
def bikes_set_tariff(*, bike_ids: Sequence[UUID], tariff_id: UUID) -> int:
    """Rides that have begun keep the terms they began with. Locks the bikes by id."""
    bikes_lock(bike_ids=bike_ids)
    return Bike.objects.filter(pk__in=bike_ids).update(tariff=tariff_id)


@unit_of_work
def bike_edit(*, bike: Bike, fields: Collection[str]) -> None:
    """Write what an operator has changed and no more: a ride may have begun since the form was shown."""
    bike.save(update_fields=[field for field in _place(bike, fields) if field != "status"])


@unit_of_work
def bike_add(*, bike: Bike) -> None:
    """A new bike; at a station it needs no position of its own."""
    _place(bike, ["station"])
    bike.save(force_insert=True)


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


def _status_set(bike_id: UUID, status: BikeStatus) -> None:
    if _statuses_set([bike_id], status):
        return
    if Bike.objects.filter(pk=bike_id).exists():
        raise BikeUnavailableError
    raise BikeNotFoundError


@unit_of_work
def _statuses_set(bike_ids: Sequence[UUID], status: BikeStatus) -> int:
    bikes_lock(bike_ids=bike_ids)
    return Bike.objects.filter(pk__in=bike_ids).exclude(status=BikeStatus.RENTED).update(status=status)
