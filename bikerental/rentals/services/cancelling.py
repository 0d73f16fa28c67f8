"""Cancels a ride soon after its start, free of charge."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import ThrottledError
from bikerental.fleet.exceptions import BikeUnavailableError
from bikerental.maintenance.constants import ReportKind
from bikerental.rentals.constants import CANCELLED, CANCELS_COUNT_FOR, CancelReason
from bikerental.rentals.exceptions import (
    CancelTooLateError,
    CancelTooOftenError,
    RentalNotActiveError,
    RentalNotFoundError,
)
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services.places import left_where_taken
from bikerental.rentals.services.reports import rider_report
from bikerental.rentals.services.writing import rental_write_end
from bikerental.rentals.types import Ending, RentalRow
from bikerental.users.locks import open_user_lock

logger = logging.getLogger(__name__)


@unit_of_work
def rental_cancel(*, rental_id: UUID, rider_id: UUID, reason: CancelReason, text: str, now: datetime) -> RentalRow:
    """Cancel the ride: it costs nothing, and the bike is where it was taken. A broken bike is reported.

    Locks the rider, then the rental, then the bike. Of a cancellation and a return at once, one ends the ride and the
    other finds it over.

    :raises AccountClosedError: if the account was closed meanwhile
    :raises RentalNotFoundError: if it is not the rider's
    :raises RentalNotActiveError: if it has ended before
    :raises CancelTooLateError: more than CANCEL_SECONDS after the start
    :raises CancelTooOftenError: after CANCELS_PER_DAY of them
    """
    open_user_lock(user_id=rider_id)
    locked = rental_lock(rental_id=rental_id, rider_id=rider_id)
    if locked is None:
        raise RentalNotFoundError
    rental = locked.rental
    if rental.status != Rental.Status.ACTIVE:
        raise RentalNotActiveError
    if now - rental.started_at > timedelta(seconds=settings.CANCEL_SECONDS):
        raise CancelTooLateError
    lately = Rental.objects.filter(rider=rider_id, is_cancelled=True, ended_at__gt=now - CANCELS_COUNT_FOR)
    if lately.count() >= settings.CANCELS_PER_DAY:
        raise CancelTooOftenError
    left = left_where_taken(locked)
    cancelled = rental._replace(
        status=CANCELLED,
        ended_at=max(now, rental.started_at),  # the database's clock may have been set back
        end_station_id=left.station_id,
        end_station_name=left.station_name,
        cost_amount="0.00",
        cost_lines="[]",
    )
    why = f"{reason.value}: {text}" if text else reason.value
    if not rental_write_end(cancelled, Ending(RentalEvent.Kind.CANCELLED.value, now, rider_id, why), left):
        raise BikeUnavailableError
    if reason == CancelReason.BROKEN:
        _report(UUID(rental.bike_id), rider_id, text, now)
    return cancelled


def _report(bike_id: UUID, rider_id: UUID, text: str, now: datetime) -> None:
    try:
        # A savepoint, so that a refusal rolls back only the report and not the cancellation.
        with transaction.atomic():
            rider_report(rider_id=rider_id, bike_id=bike_id, kind=ReportKind.OTHER, text=text, now=now)
    except ThrottledError:
        logger.info("A cancelled ride opened no report: its rider has too many open ones")
