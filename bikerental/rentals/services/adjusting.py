"""Reduces the cost of a ride that is over: after a claim, or by an operator."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bikerental.billing.exceptions import AdjustmentTooHighError, KeyReusedError
from bikerental.billing.selectors import cost_of_ride, entry_of_key
from bikerental.billing.services import ride_adjust
from bikerental.billing.types import Booking
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.money import money_text
from bikerental.notifications.services import notification_create
from bikerental.rentals.exceptions import (
    CorrectedEndInvalidError,
    CorrectionChangesNothingError,
    RentalNotFoundError,
    RentalNotSettledError,
)
from bikerental.rentals.locks import LockedRental, rental_lock
from bikerental.rentals.messages import RIDE_ADJUSTED
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import ZERO, cost_at
from bikerental.rentals.services.settling import rentals_settle
from bikerental.rentals.types import CorrectedCost, Correction, RentalRow


def rental_correct(*, rental_id: UUID, correction: Correction, booking: Booking) -> bool:
    """Reduce the cost of a ride without a claim, and notify the rider. Return False if the key was used before.

    A returned ride is settled first. Locks the rental, then the bike, then the rider's account.

    :raises RentalNotFoundError: if there is none
    :raises KeyReusedError: if something else was booked with the key
    :raises RentalNotSettledError, CorrectedEndInvalidError, CorrectionChangesNothingError, AmountError: as
        `rental_adjust`
    """
    rentals_settle(rental_ids=[rental_id], now=booking.now)
    return _correct(rental_id, correction, booking)


@unit_of_work
def _correct(rental_id: UUID, correction: Correction, booking: Booking) -> bool:
    locked = rental_lock(rental_id=rental_id)
    if locked is None:
        raise RentalNotFoundError
    booked = entry_of_key(key=booking.key)
    if booked is not None:
        if (booked.rental_id, booked.reason) != (rental_id, booking.reason.strip()):
            raise KeyReusedError
        return False
    amount = rental_adjust(locked, correction, booking)
    notification_create(
        kind=RIDE_ADJUSTED.name,
        recipient_id=locked.rider_id,
        subject_id=rental_id,
        key=f"{RIDE_ADJUSTED.name}:{booking.key}",
        context=adjustment_context(locked.rental, amount) | {"reason": booking.reason},
    )
    return True


@unit_of_work
def rental_adjust(
    locked: LockedRental, correction: Correction, booking: Booking, *, claim_id: UUID | None = None
) -> Decimal:
    """Reduce the ride's cost by the correction. Returns by how much. The caller has locked the ride.

    :raises RentalNotSettledError: while it has no final cost
    :raises CorrectedEndInvalidError: if the end is not between the start and the recorded end
    :raises CorrectionChangesNothingError: if the ride already costs no more than that
    :raises AmountError: for an amount below the smallest, or above what the ride still costs
    """
    rental = locked.rental
    if rental.status in (Rental.Status.ACTIVE, Rental.Status.RETURNED):
        raise RentalNotSettledError
    amount = correction.amount
    if amount is None:
        costs = rental_cost_corrected(rental=rental, correction=correction, now=booking.now)
        amount = costs.present - costs.corrected
    ride_adjust(rental_id=UUID(rental.id), amount=amount, booking=booking, claim_id=claim_id)
    return amount


def rental_cost_corrected(*, rental: RentalRow, correction: Correction, now: datetime) -> CorrectedCost:
    """What the ride would cost with the correction. Changes nothing. One statement, none before it is settled.

    :raises RentalNotSettledError: while the ride goes on
    :raises CorrectedEndInvalidError: if the end is not between the start and the recorded end
    :raises CorrectionChangesNothingError: if the ride already costs no more than that
    :raises AdjustmentTooHighError: for an amount above what the ride still costs
    """
    if rental.status == Rental.Status.ACTIVE:
        raise RentalNotSettledError
    present = cost_of_ride(rental_id=UUID(rental.id)) if rental.cost_amount else cost_at(rental, now).amount
    if correction.amount is not None:
        if correction.amount > present:
            raise AdjustmentTooHighError
        return CorrectedCost(present, present - correction.amount)
    due = ZERO if correction.ended_at is None else _price_until(rental, correction.ended_at, now)
    if due >= present:
        raise CorrectionChangesNothingError
    return CorrectedCost(present, due)


def adjustment_context(rental: RentalRow, amount: Decimal | None) -> dict[str, Any]:
    """Values for a message about a ride that was adjusted, or was not. One statement."""
    return {
        "bike_number": rental.bike_number,
        "started_at": rental.started_at.isoformat(),
        "amount": None if amount is None else money_text(amount),
        "cost": money_text(cost_of_ride(rental_id=UUID(rental.id))),
        "currency": rental.terms.currency,
    }


def _price_until(rental: RentalRow, ended_at: datetime, now: datetime) -> Decimal:
    # The form shows the start to the minute.
    if rental.ended_at is None or not rental.started_at.replace(second=0, microsecond=0) <= ended_at <= rental.ended_at:
        raise CorrectedEndInvalidError
    return cost_at(rental._replace(ended_at=max(ended_at, rental.started_at)), now).amount
