"""A ride from the first minute to the last."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from bikerental.core.enqueueing import enqueue_after_commit
from bikerental.core.transactions import constraint_name, unit_of_work
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors import station_by_id
from bikerental.fleet.services import bike_release, bike_take
from bikerental.rentals import tasks
from bikerental.rentals.exceptions import (
    AccountClosedError,
    RentalInProgressError,
    RentalNotActiveError,
    RentalNotFoundError,
)
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.types import Place
from bikerental.users.locks import user_lock_exists
from bikerental.users.models import User


@unit_of_work
def rental_start(
    *, rider_id: UUID, bike_id: UUID | None = None, bike_number: str | None = None, now: datetime
) -> Rental:
    """Hand the rider a free bike; seven statements, BEGIN and COMMIT among them.

    Locks the rider, then the bike. What two at once must not both get is refused by the unique
    indexes, whatever the code has seen before.

    :raises BikeNotFoundError: if there is no such bike
    :raises BikeUnavailableError: if it is not free
    :raises RentalInProgressError: if the rider rides another
    :raises AccountClosedError: if the account was closed meanwhile
    """
    if not user_lock_exists(user_id=rider_id):
        raise AccountClosedError
    bike = bike_take(bike_id=bike_id, bike_number=bike_number)
    rental = _rental_insert(rider_id=rider_id, bike=bike, now=now)
    RentalEvent.objects.create(
        rental_id=rental.pk, kind=RentalEvent.Kind.STARTED, happened_at=now, actor_id=rider_id
    )
    return rental


def _rental_insert(*, rider_id: UUID, bike: Bike, now: datetime) -> Rental:
    tariff = bike.tariff
    rental = Rental(
        rider_id=rider_id,
        bike=bike,
        started_at=now,
        created_at=now,
        start_station=bike.taken_from,
        tariff=tariff,
        tariff_name=tariff.name,
        currency=tariff.currency,
        unlock_fee=tariff.unlock_fee,
        per_minute=tariff.per_minute,
        free_minutes=tariff.free_minutes,
        daily_cap=tariff.daily_cap,
        overdue_after_minutes=tariff.overdue_after_minutes,
    )
    try:
        rental.save(force_insert=True)
    except IntegrityError as error:
        if constraint_name(error) != "rental_one_open_per_rider":
            raise
        raise RentalInProgressError from error
    return rental


@unit_of_work
def rental_return(*, rental_id: UUID, rider_id: UUID, place: Place | None, now: datetime) -> Rental:
    """End the ride and free the bike; settling follows the commit.

    Locks the rental, then the bike. Two devices returning at once end one ride: the second
    finds it over. Without a place the bike counts as left where it was taken.

    :raises RentalNotFoundError: if it is not the rider's
    :raises RentalNotActiveError: if it has ended before
    :raises StationNotFoundError: if there is no such station
    """
    rental = rental_lock(rental_id=rental_id, rider_id=rider_id)
    if rental is None:
        raise RentalNotFoundError
    _rental_end(rental, place=place, kind=RentalEvent.Kind.RETURNED, actor_id=rider_id, reason="", now=now)
    return rental


@unit_of_work
def rental_end_by_operator(*, rental_id: UUID, operator: User, reason: str, now: datetime) -> Rental:
    """End a ride that its rider cannot end; the reason stays in its history.

    :raises RentalNotActiveError: if it has ended before
    """
    rental = rental_lock(rental_id=rental_id)
    if rental is None:
        raise RentalNotFoundError
    kind = RentalEvent.Kind.ENDED_BY_OPERATOR
    _rental_end(rental, place=None, kind=kind, actor_id=operator.pk, reason=reason, now=now)
    return rental


def _rental_end(
    rental: Rental, *, place: Place | None, kind: RentalEvent.Kind, actor_id: UUID, reason: str, now: datetime
) -> None:
    if not rental.is_active:
        raise RentalNotActiveError
    station = _station_of(rental, place)
    rental.status = Rental.Status.RETURNED
    rental.ended_at = max(now, rental.started_at)  # another process's clock may run ahead
    rental.end_station = station
    Rental.objects.filter(pk=rental.pk, status=Rental.Status.ACTIVE).update(
        status=rental.status, ended_at=rental.ended_at, end_station=station
    )
    if station is not None:
        bike_release(
            bike_id=rental.bike_id, station_id=station.pk, latitude=station.latitude, longitude=station.longitude
        )
    else:
        latitude, longitude = (place.latitude, place.longitude) if place else (None, None)
        bike_release(bike_id=rental.bike_id, station_id=None, latitude=latitude, longitude=longitude)
    RentalEvent.objects.create(
        rental_id=rental.pk, kind=kind, happened_at=rental.ended_at, actor_id=actor_id, reason=reason
    )
    enqueue_after_commit(tasks.settle_rentals, row_id=rental.pk)


def _station_of(rental: Rental, place: Place | None) -> Station | None:
    if place is None:
        return rental.start_station
    if place.station_id is not None:
        return station_by_id(station_id=place.station_id)
    return None
