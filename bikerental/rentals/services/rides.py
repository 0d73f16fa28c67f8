"""A ride from the first minute to the last."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from bikerental.core.enqueueing import enqueue_after_commit
from bikerental.core.identifiers import uuid7
from bikerental.core.transactions import constraint_name, unit_of_work
from bikerental.fleet.models import Station
from bikerental.fleet.selectors import station_by_id
from bikerental.fleet.services import bike_release, bike_take
from bikerental.fleet.types import BikeForRental
from bikerental.rentals import tasks
from bikerental.rentals.exceptions import (
    AccountClosedError,
    RentalInProgressError,
    RentalNotActiveError,
    RentalNotFoundError,
)
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services.writing import event_insert, rental_insert, rental_update_ended
from bikerental.rentals.types import Place, RentalRow
from bikerental.users.locks import user_lock_exists
from bikerental.users.models import User


@unit_of_work
def rental_start(
    *, rider_id: UUID, bike_id: UUID | None = None, bike_number: str | None = None, now: datetime
) -> RentalRow:
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
    rental = _rental_of(bike, now)
    try:
        rental_insert(rental, rider_id=rider_id, tariff_id=bike.tariff_id)
    except IntegrityError as error:
        if constraint_name(error) != "rental_one_open_per_rider":
            raise
        raise RentalInProgressError from error
    event_insert(rental.id, RentalEvent.Kind.STARTED, happened_at=now, actor_id=rider_id)
    return rental


def _rental_of(bike: BikeForRental, now: datetime) -> RentalRow:
    return RentalRow(
        id=uuid7(),
        status=Rental.Status.ACTIVE.value,
        started_at=now,
        ended_at=None,
        bike_id=bike.id,
        bike_number=bike.number,
        model_id=bike.model_id,
        model_name=bike.model_name,
        model_propulsion=bike.model_propulsion,
        start_station_id=bike.station_id,
        start_station_name=bike.station_name,
        end_station_id=None,
        end_station_name=None,
        tariff_name=bike.tariff_name,
        currency=bike.currency,
        unlock_fee=bike.unlock_fee,
        per_minute=bike.per_minute,
        free_minutes=bike.free_minutes,
        daily_cap=bike.daily_cap,
        overdue_after_minutes=bike.overdue_after_minutes,
    )


@unit_of_work
def rental_return(*, rental_id: UUID, rider_id: UUID, place: Place | None, now: datetime) -> RentalRow:
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
    ended = _rental_end(rental, place=place, now=now)
    event_insert(rental_id, RentalEvent.Kind.RETURNED, happened_at=now, actor_id=rider_id)
    return ended


@unit_of_work
def rental_end_by_operator(*, rental_id: UUID, operator: User, reason: str, now: datetime) -> RentalRow:
    """End a ride that its rider cannot end; the reason stays in its history.

    :raises RentalNotFoundError: if there is none
    :raises RentalNotActiveError: if it has ended before
    """
    rental = rental_lock(rental_id=rental_id)
    if rental is None:
        raise RentalNotFoundError
    ended = _rental_end(rental, place=None, now=now)
    kind = RentalEvent.Kind.ENDED_BY_OPERATOR
    event_insert(rental_id, kind, happened_at=now, actor_id=operator.pk, reason=reason)
    return ended


def _rental_end(rental: RentalRow, *, place: Place | None, now: datetime) -> RentalRow:
    if rental.status != Rental.Status.ACTIVE:
        raise RentalNotActiveError
    ended = rental._replace(
        status=Rental.Status.RETURNED.value,
        ended_at=max(now, rental.started_at),  # another process's clock may run ahead
    )
    if place is None:
        ended = ended._replace(end_station_id=rental.start_station_id, end_station_name=rental.start_station_name)
        bike_release(bike_id=rental.bike_id, station_id=rental.start_station_id)
    elif place.station_id is not None:
        station = station_by_id(station_id=place.station_id)
        ended = ended._replace(end_station_id=station.pk, end_station_name=station.name)
        _release_at(station, bike_id=rental.bike_id)
    else:
        bike_release(bike_id=rental.bike_id, station_id=None, latitude=place.latitude, longitude=place.longitude)
    rental_update_ended(ended)
    enqueue_after_commit(tasks.settle_rentals, row_id=rental.id)
    return ended


def _release_at(station: Station, *, bike_id: UUID) -> None:
    bike_release(bike_id=bike_id, station_id=station.pk, latitude=station.latitude, longitude=station.longitude)
