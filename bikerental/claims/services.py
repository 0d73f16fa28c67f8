"""Claims: opened by riders, decided by operators, erased with the account."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from bikerental.billing.exceptions import ReasonMissingError
from bikerental.billing.selectors import cost_of_ride
from bikerental.billing.types import Booking
from bikerental.claims.constants import FORGET_BATCH, ClaimKind, ClaimStatus
from bikerental.claims.exceptions import (
    ClaimDecidedError,
    ClaimedEndInvalidError,
    ClaimInProgressError,
    ClaimNotFoundError,
    ClaimTooLateError,
)
from bikerental.claims.messages import CLAIM_DECIDED
from bikerental.claims.models import Claim
from bikerental.claims.selectors import claim_of_rider
from bikerental.claims.types import ClaimRow, Complaint, Decision
from bikerental.core.db.transactions import constraint_name, unit_of_work
from bikerental.core.identifiers import uuid7
from bikerental.core.work.batches import run_in_batches
from bikerental.fleet.exceptions import StationNotFoundError
from bikerental.fleet.locks import station_lock_shared
from bikerental.notifications.services import notification_create
from bikerental.rentals.exceptions import RentalNotFoundError
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import Rental
from bikerental.rentals.services import adjustment_context, rental_adjust, rental_end_by_claim, rentals_settle
from bikerental.rentals.types import Correction, Place, RentalRow
from bikerental.users.locks import open_user_lock


@unit_of_work
def claim_open(*, rental_id: UUID, rider_id: UUID, complaint: Complaint, now: datetime) -> ClaimRow:
    """Open a claim about a ride. If the rider says that the bike was returned earlier, an active ride ends now.

    Locks the rider, then the rental, then the bike.

    :raises AccountClosedError: if the account was closed meanwhile
    :raises RentalNotFoundError: if it is not the rider's
    :raises ClaimTooLateError: if the ride ended more than CLAIM_DAYS ago
    :raises ClaimedEndInvalidError: if the claimed end is before the start, or later than now
    :raises ClaimInProgressError: if the ride has an open claim
    :raises StationNotFoundError, PlaceRefusedError: as for a return at that place
    """
    open_user_lock(user_id=rider_id)
    locked = rental_lock(rental_id=rental_id, rider_id=rider_id)
    if locked is None:
        raise RentalNotFoundError
    _require_time(locked.rental, complaint, now)
    _require_station(complaint.place)
    claim = _claim_create(rental_id, rider_id, complaint, now)
    if complaint.kind == ClaimKind.RETURNED_EARLIER and locked.rental.status == Rental.Status.ACTIVE:
        rental_end_by_claim(rental_id=rental_id, rider_id=rider_id, place=complaint.place, now=now)
    return claim_of_rider(claim_id=claim.pk, rider_id=rider_id)


def _require_time(rental: RentalRow, complaint: Complaint, now: datetime) -> None:
    if rental.ended_at is not None and rental.ended_at < now - timedelta(days=settings.CLAIM_DAYS):
        raise ClaimTooLateError
    # The app shows the start to the minute.
    started_at = rental.started_at.replace(second=0, microsecond=0)
    if complaint.ended_at is not None and not started_at <= complaint.ended_at <= now:
        raise ClaimedEndInvalidError


def _require_station(place: Place | None) -> None:
    if place is not None and place.station_id is not None and station_lock_shared(station_id=place.station_id) is None:
        raise StationNotFoundError


def _claim_create(rental_id: UUID, rider_id: UUID, complaint: Complaint, now: datetime) -> Claim:
    place = complaint.place
    try:
        return Claim.objects.create(
            id=uuid7(now),
            created_at=now,
            rental_id=rental_id,
            rider_id=rider_id,
            kind=complaint.kind,
            text=complaint.text,
            ended_at=complaint.ended_at,
            station_id=place and place.station_id,
            latitude=place and place.latitude,
            longitude=place and place.longitude,
        )
    except IntegrityError as error:
        if constraint_name(error) != "claim_one_open_a_ride":
            raise
        raise ClaimInProgressError from error


def claim_decide(*, claim_id: UUID, decision: Decision, operator_id: UUID, now: datetime) -> bool:
    """Decide a claim, book the reduction of the cost, and notify the rider.

    Returns false if the same operator made the same decision before; then nothing changes. A returned ride is
    settled first. Locks the rental, then the bike, then the rider's account. Of two operators at once, the second
    finds the claim decided.

    :raises ClaimNotFoundError: if there is none
    :raises ClaimDecidedError: if it has been decided before
    :raises ReasonMissingError: without a reason
    :raises RentalNotSettledError, CorrectedEndInvalidError, CorrectionChangesNothingError, RideNotChargedError,
        AmountError: as `rental_adjust`
    """
    if not decision.reason.strip():
        raise ReasonMissingError
    rental_id = Claim.objects.filter(pk=claim_id).values_list("rental_id", flat=True).first()
    if rental_id is None:
        raise ClaimNotFoundError
    rentals_settle(rental_ids=[rental_id], now=now)
    return _decide(
        rental_id, Booking(f"claim:{claim_id}", operator_id, decision.reason.strip(), now), claim_id, decision
    )


@unit_of_work
def _decide(rental_id: UUID, booking: Booking, claim_id: UUID, decision: Decision) -> bool:
    locked, claim = rental_lock(rental_id=rental_id), Claim.objects.filter(pk=claim_id).first()
    if locked is None or claim is None:
        raise ClaimNotFoundError
    correction = decision.correction
    if claim.status != ClaimStatus.OPEN:
        if _is_repetition(claim, booking, correction):
            return False
        raise ClaimDecidedError
    amount = correction and rental_adjust(locked, correction, booking, claim_id=claim_id)
    Claim.objects.filter(pk=claim_id).update(
        status=ClaimStatus.REJECTED if correction is None else ClaimStatus.ACCEPTED,
        decided_at=booking.now,
        decided_by=booking.actor_id,
        answer=booking.reason,
        corrected_end=correction and correction.ended_at,
        adjusted_amount=amount,
    )
    notification_create(
        kind=CLAIM_DECIDED.name,
        recipient_id=locked.rider_id,
        subject_id=claim_id,
        key=f"{CLAIM_DECIDED.name}:{claim_id}",
        context=adjustment_context(locked.rental, amount) | {"answer": booking.reason},
    )
    return True


def _is_repetition(claim: Claim, booking: Booking, correction: Correction | None) -> bool:
    stored = (claim.decided_by_id, claim.answer, claim.status, claim.corrected_end)
    if correction is None:
        return stored == (booking.actor_id, booking.reason, ClaimStatus.REJECTED, None)
    if stored != (booking.actor_id, booking.reason, ClaimStatus.ACCEPTED, correction.ended_at):
        return False
    if correction.amount is None and correction.ended_at is None:
        return cost_of_ride(rental_id=claim.rental_id) == 0  # all of it was taken off
    return correction.amount in (None, claim.adjusted_amount)


def claims_erase(*, rider_id: UUID) -> None:
    """Erase the rider's texts and places, and the answers, which may name the rider. The caller has locked the user.

    An open claim stays open, because an operator still has to look at the bike.
    """
    Claim.objects.filter(rider=rider_id).update(text="", answer="", latitude=None, longitude=None)


def claims_forget() -> int:
    """Delete the claims about anonymised rides. Returns how many. The ledger keeps the decided amounts."""
    old = Claim.objects.filter(rental__rider=None).order_by("pk")
    return run_in_batches("forget claims", old, _delete, size=FORGET_BATCH, batches=sys.maxsize)


@unit_of_work
def _delete(claim_ids: Sequence[UUID]) -> int:
    return Claim.objects.filter(pk__in=claim_ids).delete()[0]
