"""Reservations: a bike is held for a rider until it is ridden, given up or taken away, or the time runs out.

A change of a reservation needs the lock of its bike. So the order of locks is user, bike, reservation, and no
transaction waits for a reservation's row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.identifiers import uuid7
from bikerental.core.work.batches import run_in_batches
from bikerental.core.work.purging import rows_purge
from bikerental.fleet.constants import Transitions
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.services import bike_move
from bikerental.fleet.types import RIDER, SYSTEM, Actor, operator
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_create
from bikerental.rentals.constants import EXPIRE_BATCH
from bikerental.rentals.exceptions import (
    RentalInProgressError,
    ReservationInProgressError,
    ReservationNotActiveError,
    ReservationNotFoundError,
    ReservationRefusedError,
    ReservationsOffError,
)
from bikerental.rentals.messages import RESERVATION_TAKEN_AWAY
from bikerental.rentals.models import Reservation
from bikerental.rentals.selectors import (
    hold_of,
    holds,
    is_riding,
    reservation_active_of_rider,
    reservation_wait_seconds,
)
from bikerental.rentals.services.taking import bike_claim, hold_end, rider_admit
from bikerental.rentals.types import HoldRow, ReservationRow

Status = Reservation.Status


@unit_of_work
def reservation_start(
    *, rider_id: UUID, bike_id: UUID | None = None, bike_number: str | None = None, now: datetime
) -> ReservationRow:
    """Hold a free bike for the rider, for RESERVATION_MINUTES by the database's clock.

    Locks the rider and the bike, and the bike of an expired reservation of the rider, by id.

    :raises ReservationsOffError: if RESERVATION_MINUTES is 0
    :raises BikeNotFoundError, BikeUnavailableError: as `bike_claim`
    :raises RentalInProgressError: if the rider is riding
    :raises ReservationInProgressError: if the rider has a reservation already
    :raises ReservationRefusedError: after unused reservations
    :raises AccountClosedError, EmailNotConfirmedError, DebtTooHighError: as `rider_admit`
    """
    if not settings.RESERVATION_MINUTES:
        raise ReservationsOffError
    rider_admit(rider_id=rider_id)
    if is_riding(rider_id=rider_id):
        raise RentalInProgressError
    own = hold_of(rider_id=rider_id)
    if own is not None and own.binds:
        raise ReservationInProgressError
    claim = bike_claim(rider_id=rider_id, bike_id=bike_id, bike_number=bike_number, now=now)
    bike = UUID(claim.bike.id)
    if seconds := reservation_wait_seconds(rider_id=rider_id, bike_id=bike):
        raise ReservationRefusedError(retry_after=seconds)
    hold_for = timedelta(minutes=settings.RESERVATION_MINUTES)
    made = Reservation(pk=uuid7(), rider_id=rider_id, bike_id=bike, created_at=Now(), expires_at=Now() + hold_for)
    made.save(force_insert=True)
    bike_move(bike_id=bike, transition=Transitions.RESERVE, actor=RIDER, now=now, reservation_id=made.pk)
    return reservation_active_of_rider(rider_id=rider_id)


@unit_of_work
def reservation_cancel(*, reservation_id: UUID, rider_id: UUID, now: datetime) -> None:
    """End the rider's reservation. Locks the bike.

    :raises ReservationNotFoundError: if it is not the rider's
    :raises ReservationNotActiveError: if it has already ended or expired
    """
    bike_ids = list(Reservation.objects.filter(pk=reservation_id, rider=rider_id).values_list("bike_id", flat=True))
    if not bike_ids:
        raise ReservationNotFoundError
    bikes_lock(bike_ids=bike_ids)
    hold = hold_of(pk=reservation_id)
    if hold is None or not hold.binds:
        raise ReservationNotActiveError
    hold_end(hold, Status.CANCELLED, actor=RIDER, now=now)


def reservations_expire(*, now: datetime) -> int:
    """End expired reservations, so that lists show their bikes. Returns how many."""
    run_out = Reservation.objects.filter(status=Status.ACTIVE, expires_at__lte=Now()).order_by("expires_at")
    return run_in_batches("expire reservations", run_out, lambda ids: _expire(ids, now), size=EXPIRE_BATCH)


@unit_of_work
def _expire(reservation_ids: Sequence[UUID], now: datetime) -> int:
    """Locks the bikes by id. A reservation that has ended meanwhile is skipped."""
    bikes = Reservation.objects.filter(pk__in=reservation_ids).values_list("bike_id", flat=True)
    bikes_lock(bike_ids=list(bikes))
    run_out = [hold for hold in _holds(pk__in=reservation_ids) if not hold.binds]
    for hold in run_out:
        hold_end(hold, Status.EXPIRED, actor=SYSTEM, now=now)
    return len(run_out)


@unit_of_work
def reservations_end_by_operator(*, reservation_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """End active reservations and notify their riders. Returns how many. The bikes are free again. Locks the bikes
    by id."""
    active = Reservation.objects.filter(pk__in=reservation_ids, status=Status.ACTIVE)
    bike_ids = list(active.values_list("bike_id", flat=True))
    bikes_lock(bike_ids=bike_ids)
    return reservations_take_away(bike_ids=bike_ids, actor=operator(operator_id), now=now)


def reservations_take_away(*, bike_ids: Sequence[UUID], actor: Actor, now: datetime) -> int:
    """End the bikes' reservations and notify the riders, without counting them as unused. Returns how many.

    The caller has locked the bikes.
    """
    taken = _holds(bike_id__in=bike_ids)
    for hold in taken:
        hold_end(hold, Status.CANCELLED if hold.binds else Status.EXPIRED, actor=actor, now=now, counts=not hold.binds)
    numbers = dict(Reservation.objects.filter(pk__in=[hold.id for hold in taken]).values_list("pk", "bike__number"))
    notifications_create(
        [
            Notification(
                kind=RESERVATION_TAKEN_AWAY.name,
                recipient_id=hold.rider_id,
                subject_id=hold.id,
                key=f"reservation_taken_away:{hold.id}",
                context={"bike_number": numbers[hold.id]},
            )
            for hold in taken
            if hold.binds
        ]
    )
    return len(taken)


def reservations_end_of_riders(*, rider_ids: Sequence[UUID], actor: Actor, now: datetime) -> None:
    """End the reservations of accounts that close. The caller has locked the riders. Locks the bikes by id."""
    bikes = Reservation.objects.filter(rider__in=rider_ids, status=Status.ACTIVE).values_list("bike_id", flat=True)
    bikes_lock(bike_ids=list(bikes))
    for hold in _holds(rider_id__in=rider_ids):
        hold_end(hold, Status.CANCELLED if hold.binds else Status.EXPIRED, actor=actor, now=now)


def _holds(**filters: object) -> list[HoldRow]:
    return list(map(HoldRow._make, holds(**filters)))


def reservations_purge(*, now: datetime) -> int:
    """Delete reservations that ended RIDE_RETENTION_DAYS ago. Returns how many."""
    old = now - timedelta(days=settings.RIDE_RETENTION_DAYS)
    return rows_purge(Reservation.objects.filter(~Q(status=Status.ACTIVE), ended_at__lt=old).order_by("ended_at"))
