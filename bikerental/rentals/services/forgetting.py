"""Removes personal data from old rides. Their costs stay."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import run_in_batches
from bikerental.rentals.constants import FORGET_BATCH
from bikerental.rentals.locks import rentals_with_rider_lock
from bikerental.rentals.models import Rental, RentalEvent


def rentals_forget(*, now: datetime) -> int:
    """Anonymise rides that were settled RIDE_RETENTION_DAYS ago. Returns how many.

    Each batch is a transaction, so finished work stays, and each statement ends before its timeout.
    """
    settled_before = now - timedelta(days=settings.RIDE_RETENTION_DAYS)
    old = Rental.objects.filter(status=Rental.Status.SETTLED, rider__isnull=False, settled_at__lt=settled_before)
    return run_in_batches(
        "forget rentals", old.order_by("settled_at"), _batch_forget, size=FORGET_BATCH, batches=sys.maxsize
    )


@unit_of_work
def _batch_forget(rental_ids: Sequence[UUID]) -> int:
    """Locks the rentals. Bike and times stay: without a rider they are data about bikes."""
    rental_ids = rentals_with_rider_lock(rental_ids=rental_ids)
    RentalEvent.objects.filter(rental__in=rental_ids).update(actor=None, reason="")
    return Rental.objects.filter(pk__in=rental_ids).update(rider=None, start_station=None, end_station=None)


def reasons_erase(*, rider_id: UUID) -> None:
    """Erase operators' reasons in the rider's rides, which may name the rider. The caller has locked the user."""
    RentalEvent.objects.filter(rental__rider=rider_id).exclude(reason="").update(reason="")
