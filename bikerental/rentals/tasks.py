"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from uuid import UUID

from celery import shared_task
from django.db import OperationalError

from bikerental.core.db.clock import database_now
from bikerental.rentals.constants import UNCHARGED_LOOK_BACK
from bikerental.rentals.services import (
    rentals_charge_left_over,
    rentals_check_overdue,
    rentals_forget,
    rentals_reconcile,
    rentals_settle,
    rentals_settle_left_over,
    reservations_expire,
    reservations_purge,
)


@shared_task(autoretry_for=(OperationalError,), retry_backoff=5, retry_backoff_max=300, max_retries=8)
def settle_rentals(*, ids: list[str], **_newer: object) -> None:
    """Settle returned rentals. Safe to run twice: only returned ones are taken."""
    rentals_settle(rental_ids=[UUID(row_id) for row_id in ids], now=database_now())


@shared_task
def sweep_returned_rentals(**_newer: object) -> None:
    """Settle rides that the fast path lost. The next run is the retry."""
    rentals_settle_left_over(now=database_now())


@shared_task
def charge_settled_rentals(**_newer: object) -> None:
    """Charge settled rides that have no charge. The next run is the retry."""
    now = database_now()
    rentals_charge_left_over(now=now, since=now - UNCHARGED_LOOK_BACK)


@shared_task
def check_overdue_rentals(**_newer: object) -> None:
    """Mark overdue rides and notify riders and operators. The next run is the retry."""
    rentals_check_overdue(now=database_now())


@shared_task
def reconcile_rentals(**_newer: object) -> None:
    """Count inconsistent rows, and store the counts for the metrics. The next run is the retry."""
    rentals_reconcile(now=database_now())


@shared_task
def forget_rentals(**_newer: object) -> None:
    """Anonymise old rides, and delete old reservations. The next run is the retry."""
    now = database_now()
    rentals_forget(now=now)
    reservations_purge(now=now)


@shared_task
def expire_reservations(**_newer: object) -> None:
    """End expired reservations, so that lists show their bikes. The next run is the retry."""
    reservations_expire(now=database_now())
