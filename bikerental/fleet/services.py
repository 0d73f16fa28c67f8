"""What changes the fleet."""

from collections.abc import Collection, Sequence
from uuid import UUID

from bikerental.core.statements import Statement, update
from bikerental.core.transactions import unit_of_work
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.fleet.locks import bike_lock_for_rental, bikes_lock
from bikerental.fleet.models import Bike
from bikerental.fleet.types import BikeForRental

_TAKE = Statement(
    lambda v: update(
        Bike.objects.filter(pk=v["bike_id"], status=BikeStatus.AVAILABLE), status=BikeStatus.RENTED, station=None
    ),
    bike_id=UUID,
)
_RELEASE = Statement(
    lambda v: update(
        Bike.objects.filter(pk=v["bike_id"], status=BikeStatus.RENTED),
        status=BikeStatus.AVAILABLE,
        station_id=v["station_id"],
    ),
    bike_id=UUID,
    station_id=UUID,
)
_RELEASE_ELSEWHERE = Statement(
    lambda v: update(
        Bike.objects.filter(pk=v["bike_id"], status=BikeStatus.RENTED),
        status=BikeStatus.AVAILABLE,
        station_id=v["station_id"],
        latitude=v["latitude"],
        longitude=v["longitude"],
    ),
    bike_id=UUID,
    station_id=UUID,
    latitude=float,
    longitude=float,
)


@unit_of_work
def bike_take(*, bike_id: UUID | None = None, bike_number: str | None = None) -> BikeForRental:
    """Hand an available bike to a rider; it leaves its station, which the answer still names.

    Locks the bike, then compares and swaps its status: two statements.

    :raises BikeNotFoundError: if there is none
    :raises BikeUnavailableError: if it is ridden, reserved or in maintenance
    """
    bike = bike_lock_for_rental(bike_id=bike_id, number=bike_number)
    if bike is None:
        raise BikeNotFoundError
    if not _TAKE.run(bike_id=bike.id):
        raise BikeUnavailableError
    return bike


@unit_of_work
def bike_release(
    *, bike_id: UUID, station_id: UUID | None, latitude: float | None = None, longitude: float | None = None
) -> None:
    """Offer a rented bike again, where the rider left it; without coordinates, where it was last. One statement.

    :raises BikeUnavailableError: if it is not rented; the ride and its bike disagree
    """
    if latitude is None or longitude is None:
        count = _RELEASE.run(bike_id=bike_id, station_id=station_id)
    else:
        count = _RELEASE_ELSEWHERE.run(bike_id=bike_id, station_id=station_id, latitude=latitude, longitude=longitude)
    if not count:
        raise BikeUnavailableError


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
    bike.save(update_fields=[field for field in fields if field != "status"])


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
