"""Beginning and ending rides."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from bikerental.core.db.transactions import constraint_name, unit_of_work
from bikerental.core.identifiers import uuid7
from bikerental.core.work.enqueueing import enqueue_after_commit
from bikerental.fleet.exceptions import BikeUnavailableError
from bikerental.fleet.types import BikeForRental
from bikerental.maintenance.services import grave_return_take_out
from bikerental.notifications.services import notification_create
from bikerental.rentals.constants import SETTLE_GATHER_SECONDS
from bikerental.rentals.exceptions import (
    EndTimeInvalidError,
    RentalInProgressError,
    RentalNotActiveError,
    RentalNotFoundError,
)
from bikerental.rentals.locks import LockedRental, rental_lock
from bikerental.rentals.messages import RIDE_ENDED
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.selectors import is_riding
from bikerental.rentals.services.places import left_by_operator, left_by_rider
from bikerental.rentals.services.taking import bike_claim, hold_use, rider_admit
from bikerental.rentals.services.writing import rental_write_end, rental_write_start
from bikerental.rentals.types import Ending, Left, Place, RentalRow
from bikerental.users.models import User


@unit_of_work
def rental_start(
    *, rider_id: UUID, bike_id: UUID | None = None, bike_number: str | None = None, now: datetime
) -> RentalRow:
    """Begin a ride on a free bike. Five statements, including BEGIN and COMMIT; seven if the rider reserved it.

    Locks the rider, then the bike. Unique indexes refuse the second of two rides at once, whatever the code has read
    before. A reservation of this bike is used; one of another bike ends.

    :raises BikeNotFoundError: if there is no such bike
    :raises BikeUnavailableError: if it is not free
    :raises RentalInProgressError: if the rider is riding, this bike or another
    :raises AccountClosedError, EmailNotConfirmedError, DebtTooHighError: as `rider_admit`
    """
    rider_admit(rider_id=rider_id)
    try:
        bike, hold = bike_claim(rider_id=rider_id, bike_id=bike_id, bike_number=bike_number, now=now)
    except BikeUnavailableError as error:
        # A phone that lost the answer asks for the bike that it already rides, and should learn that.
        if is_riding(rider_id=rider_id):
            raise RentalInProgressError from error
        raise
    rental = _rental_of(bike, now)
    try:
        is_taken = rental_write_start(rental, rider_id=rider_id, bike=bike, hold=hold)
    except IntegrityError as error:
        if constraint_name(error) != "rental_one_open_per_rider":
            raise
        raise RentalInProgressError from error
    if not is_taken or (hold is not None and not hold_use(hold)):
        raise BikeUnavailableError
    return rental


def _rental_of(bike: BikeForRental, now: datetime) -> RentalRow:
    return RentalRow(
        id=str(uuid7()),
        status=Rental.Status.ACTIVE.value,
        started_at=now,
        ended_at=None,
        bike_id=bike.id,
        bike_number=bike.number,
        model=bike.model,
        start_station_id=bike.station_id,
        start_station_name=bike.station_name,
        end_station_id=None,
        end_station_name=None,
        terms=bike.terms,
    )


@unit_of_work
def rental_return(*, rental_id: UUID, rider_id: UUID, place: Place | None, now: datetime) -> RentalRow:
    """End the ride and free the bike; the ride is settled after the commit.

    Four statements, including BEGIN and COMMIT, and one more to read the station or the version of the zones. Locks
    the rental, then the bike. If two devices return at once, one ends the ride and the second finds it ended. Without
    a place the bike counts as left where it was taken.

    :raises RentalNotFoundError: if it is not the rider's
    :raises RentalNotActiveError: if it has already ended
    :raises StationNotFoundError, StationClosedError, ReturnNotAllowedError, PlaceRefusedError: as `left_by_rider`
    """
    locked = rental_lock(rental_id=rental_id, rider_id=rider_id)
    if locked is None:
        raise RentalNotFoundError
    ending = Ending(RentalEvent.Kind.RETURNED.value, now, rider_id)
    return _rental_end(locked, ending, find_left=lambda: left_by_rider(locked, place, now=now))


@unit_of_work
def rental_end_by_operator(
    *,
    rental_id: UUID,
    operator: User,
    reason: str,
    place: Place | None = None,
    ended_at: datetime | None = None,
    now: datetime,
) -> RentalRow:
    """End a ride that its rider cannot end, and notify the rider. Its history keeps who did it, and why.

    Locks the rental, then the bike. Without a place the bike counts as left where it was taken, and without a time the
    ride ends now.

    :raises RentalNotFoundError: if there is none
    :raises RentalNotActiveError: if it has already ended
    :raises EndTimeInvalidError: if the end is not between the start and now
    :raises StationNotFoundError: if there is no such station
    """
    locked = rental_lock(rental_id=rental_id)
    if locked is None:
        raise RentalNotFoundError
    ending = Ending(RentalEvent.Kind.ENDED_BY_OPERATOR.value, now, operator.pk, reason)
    ended = _rental_end(locked, ending, find_left=lambda: left_by_operator(locked, place), ended_at=ended_at)
    notification_create(
        kind=RIDE_ENDED.name,
        recipient_id=locked.rider_id,
        subject_id=rental_id,
        key=f"{RIDE_ENDED.name}:{rental_id}",
        context={
            "bike_number": ended.bike_number,
            "started_at": ended.started_at.isoformat(),
            "ended_at": ended.ended_at and ended.ended_at.isoformat(),
            "reason": reason,
        },
    )
    return ended


@unit_of_work
def rental_end_by_claim(*, rental_id: UUID, rider_id: UUID, place: Place | None, now: datetime) -> RentalRow:
    """End a ride whose rider claims that the bike was returned earlier.

    The bike goes to maintenance at the place that the rider gives, until an operator has checked. Locks the rental,
    then the bike. Without a place the bike counts as left where it was taken.

    :raises RentalNotFoundError: if it is not the rider's
    :raises RentalNotActiveError: if it has already ended
    :raises StationNotFoundError, PlaceRefusedError: as `rental_return`
    """
    locked = rental_lock(rental_id=rental_id, rider_id=rider_id)
    if locked is None:
        raise RentalNotFoundError
    ending = Ending(RentalEvent.Kind.RETURNED.value, now, rider_id)
    return _rental_end(locked, ending, find_left=lambda: left_by_operator(locked, place)._replace(to_maintenance=True))


def _rental_end(
    locked: LockedRental, ending: Ending, *, find_left: Callable[[], Left], ended_at: datetime | None = None
) -> RentalRow:
    rental = locked.rental
    if rental.status != Rental.Status.ACTIVE:
        raise RentalNotActiveError
    # The form shows the start to the minute.
    if (
        ended_at is not None
        and not rental.started_at.replace(second=0, microsecond=0) <= ended_at <= ending.happened_at
    ):
        raise EndTimeInvalidError
    left = find_left()
    if locked.is_gravely_reported and not left.to_maintenance:
        left = left._replace(to_maintenance=grave_return_take_out(bike_id=UUID(rental.bike_id), now=ending.happened_at))
    ended = rental._replace(
        status=Rental.Status.RETURNED.value,
        ended_at=max(ended_at or ending.happened_at, rental.started_at),  # the database's clock may have been set back
        end_station_id=left.station_id,
        end_station_name=left.station_name,
        is_out_of_area=left.is_out_of_area,
    )
    if not rental_write_end(ended, ending, left):
        raise BikeUnavailableError
    enqueue_after_commit(
        "bikerental.rentals.tasks.settle_rentals", row_id=rental.id, gather_seconds=SETTLE_GATHER_SECONDS
    )
    return ended
