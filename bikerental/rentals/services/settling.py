"""Settles rides, from `returned` to `settled`, once: the cost, its lines, the charge and the receipt."""

import logging
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Q

from bikerental.billing.services import rentals_charge
from bikerental.billing.types import Charge
from bikerental.core.db.clock import database_now
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.money import money_text
from bikerental.core.work.batches import run_batch, run_in_batches
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_create
from bikerental.rentals.constants import SWEEP_BATCH, SWEEP_GRACE
from bikerental.rentals.locks import returned_rentals_lock
from bikerental.rentals.messages import RECEIPT
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.pricing import cost_at

logger = logging.getLogger(__name__)

TASK = "settle rentals"
# `bulk_update` writes a CASE for each field and ride: it took more than half of the processor time of settling.
_SETTLE = """
UPDATE rentals_rental
   SET status = 'settled', settled_at = %(now)s, cost_amount = cost.amount, cost_lines = cost.lines
  FROM unnest(%(ids)s::uuid[], %(amounts)s::numeric[], %(lines)s::jsonb[]) AS cost (id, amount, lines)
 WHERE rentals_rental.id = cost.id
"""


def rentals_settle(*, rental_ids: Sequence[UUID], now: datetime) -> int:
    """Settle the returned ones of the rentals. Returns how many.

    It is safe to run twice, late, or beside another worker: settled rentals, and rentals that another worker has
    locked, are left out.
    """
    return run_batch(TASK, rental_ids, lambda ids: _settle(ids, now))


def rentals_settle_left_over(*, now: datetime) -> int:
    """Settle rides that the fast path lost, oldest first, in batches with transactions of their own."""
    # A ride that ends after now was written before the database's clock was set back. It does not wait for that time.
    is_lost = Q(ended_at__lt=now - SWEEP_GRACE) | Q(ended_at__gt=now)
    unsettled = Rental.objects.filter(is_lost, status=Rental.Status.RETURNED)
    settled = run_in_batches(
        TASK, unsettled.order_by("ended_at"), lambda ids: _settle(ids, database_now()), size=SWEEP_BATCH
    )
    if settled:
        logger.info("The sweep settled %d rentals", settled)
    return settled


@unit_of_work
def _settle(rental_ids: Sequence[UUID], now: datetime) -> int:
    """Locks the rentals."""
    rentals = returned_rentals_lock(rental_ids=rental_ids)
    if not rentals:
        return 0
    for rental in rentals:
        cost = cost_at(rental, now)
        rental.cost_amount = cost.amount
        rental.cost_lines = [line.as_json() for line in cost.lines]
    _write(rentals, now)
    RentalEvent.objects.bulk_create(
        RentalEvent(rental=rental, kind=RentalEvent.Kind.SETTLED, happened_at=now) for rental in rentals
    )
    rentals_charge(charges=[_charge(rental) for rental in rentals], now=now)
    notifications_create(
        [_receipt(rental) for rental in rentals if rental.cost_amount or settings.RECEIPT_FOR_FREE_RIDES]
    )
    return len(rentals)


def _write(rentals: Sequence[Rental], now: datetime) -> None:
    """Write the costs. One statement."""
    values: dict[str, Any] = {
        "now": now,
        "ids": [rental.pk for rental in rentals],
        "amounts": [rental.cost_amount for rental in rentals],
        "lines": [orjson.dumps(rental.cost_lines).decode() for rental in rentals],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, values)


def _charge(rental: Rental) -> Charge:
    return Charge(rental.pk, rental.rider_id, rental.cost_amount or Decimal(0), rental.currency)


def _receipt(rental: Rental) -> Notification:
    return Notification(
        kind=RECEIPT.name,
        recipient_id=rental.rider_id,
        subject_id=rental.pk,
        key=f"receipt:{rental.pk}",
        context={
            "bike_number": rental.bike.number,
            "started_at": rental.started_at.isoformat(),
            "ended_at": rental.ended_at.isoformat() if rental.ended_at else None,
            "amount": money_text(rental.cost_amount) if rental.cost_amount is not None else None,
            "currency": rental.currency,
            "lines": rental.cost_lines,
        },
    )
