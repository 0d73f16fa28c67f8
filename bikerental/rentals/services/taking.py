"""Which bike a rider may take, for a ride or a reservation."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Least, Now

from bikerental.billing.services import debt_check
from bikerental.fleet.constants import BikeStatus, Transitions
from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.fleet.services import bike_move
from bikerental.fleet.types import RIDER, SYSTEM, Actor, BikeForRental
from bikerental.rentals.locks import bikes_to_rent_lock
from bikerental.rentals.models import Reservation
from bikerental.rentals.selectors import hold_of
from bikerental.rentals.types import HoldRow
from bikerental.users.exceptions import EmailNotConfirmedError
from bikerental.users.locks import open_user_lock

Status = Reservation.Status


class Claim(NamedTuple):
    """A bike that the rider may take, locked, and the rider's reservation of it if there is one."""

    bike: BikeForRental
    hold: HoldRow | None


def rider_admit(*, rider_id: UUID) -> None:
    """Lock the rider, and check that the rider may take a bike. One statement, with DEBT_LIMIT one more.

    :raises AccountClosedError: if the account was closed meanwhile
    :raises EmailNotConfirmedError: if UNCONFIRMED_MAY_RENT is off
    :raises DebtTooHighError: if the rider owes more than DEBT_LIMIT
    """
    confirmed_at = open_user_lock(user_id=rider_id)
    if confirmed_at is None and not settings.UNCONFIRMED_MAY_RENT:
        raise EmailNotConfirmedError
    debt_check(rider_id=rider_id)


def bike_claim(*, rider_id: UUID, bike_id: UUID | None = None, bike_number: str | None = None, now: datetime) -> Claim:
    """Lock a bike that the rider may take. One statement, unless a reservation is in the way.

    It ends an expired reservation of the bike, and the rider's reservation of another bike. The caller has locked the
    rider. It is no unit of work of its own: after a refusal the caller may only read, and refuse.

    :raises BikeNotFoundError: if there is none
    :raises BikeUnavailableError: if it is ridden, reserved by another rider, in maintenance, retired, or at a station
        that lends none
    """
    bike, other = bikes_to_rent_lock(rider_id=rider_id, bike_id=bike_id, bike_number=bike_number)
    if bike is None:
        raise BikeNotFoundError
    if bike.station_is_renting is False:
        raise BikeUnavailableError
    hold = None
    if bike.status == BikeStatus.RESERVED:
        hold = hold_of(bike_id=bike.id)
        if hold is None or (hold.binds and hold.rider_id != rider_id):
            raise BikeUnavailableError
        if not hold.binds:
            hold_end(hold, Status.EXPIRED, actor=SYSTEM, now=now)
            bike, hold = bike._replace(status=BikeStatus.AVAILABLE.value), None
    elif bike.status != BikeStatus.AVAILABLE:
        raise BikeUnavailableError
    if other is not None:
        _give_up(other, rider_id, now)
    return Claim(bike, hold)


def _give_up(bike: BikeForRental, rider_id: UUID, now: datetime) -> None:
    hold = hold_of(bike_id=bike.id, rider_id=rider_id)
    if hold is not None and hold.binds:
        hold_end(hold, Status.CANCELLED, actor=RIDER, now=now)
    elif hold is not None:
        hold_end(hold, Status.EXPIRED, actor=SYSTEM, now=now)


def hold_use(hold: HoldRow) -> bool:
    """Mark the reservation as used by a ride. One statement. The caller has locked the bike, and moves it."""
    active = Reservation.objects.filter(pk=hold.id, status=Status.ACTIVE)
    return bool(active.update(status=Status.USED, ended_at=Now()))


def hold_end(hold: HoldRow, status: Status, *, actor: Actor, now: datetime, counts: bool = True) -> None:
    """End a reservation and free its bike, which the caller has locked. An expired one gets its expiry as its end."""
    active = Reservation.objects.filter(pk=hold.id, status=Status.ACTIVE)
    if active.update(status=status, ended_at=Least(Now(), F("expires_at")), counts=counts):
        bike_move(bike_id=hold.bike_id, transition=Transitions.RELEASE, actor=actor, now=now, reservation_id=hold.id)
