"""Rides that last longer than their tariff allows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import run_in_batches
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_create
from bikerental.rentals.constants import OVERDUE_REMINDED_AFTER, SWEEP_BATCH
from bikerental.rentals.locks import active_rentals_lock
from bikerental.rentals.messages import OVERDUE_OPERATORS, OVERDUE_RIDER
from bikerental.rentals.models import Rental, RentalEvent


def rentals_check_overdue(*, now: datetime) -> int:
    """Mark overdue rides and notify rider and operators: once, and again after each day.

    A second run finds them notified.
    """
    due = _due_for_message(now)
    return run_in_batches("check overdue rentals", due, lambda ids: _mark_and_notify(ids, now), size=SWEEP_BATCH)


@unit_of_work
def _mark_and_notify(rental_ids: Sequence[UUID], now: datetime) -> int:
    """Locks the rentals."""
    rentals = active_rentals_lock(rental_ids=rental_ids)
    for rental in rentals:
        rental.overdue_at = rental.overdue_at or now
        rental.overdue_told_at = now
    Rental.objects.bulk_update(rentals, ["overdue_at", "overdue_told_at"])
    RentalEvent.objects.bulk_create(
        RentalEvent(rental=rental, kind=RentalEvent.Kind.OVERDUE, happened_at=now) for rental in rentals
    )
    notifications_create([message for rental in rentals for message in _messages(rental, now)])
    return len(rentals)


def _due_for_message(now: datetime) -> QuerySet[Rental]:
    """Overdue rides without a message yet, or whose last message is a day old."""
    minutes = Value(timedelta(minutes=1), output_field=DurationField())
    due_at = ExpressionWrapper(F("overdue_after_minutes") * minutes, output_field=DurationField())
    overdue = Rental.objects.filter(
        Q(overdue_told_at=None) | Q(overdue_told_at__lte=now - OVERDUE_REMINDED_AFTER),
        status=Rental.Status.ACTIVE,
        started_at__lt=Value(now) - due_at,
    )
    return overdue.order_by("started_at")


def _messages(rental: Rental, now: datetime) -> list[Notification]:
    # Whole days since the ride became overdue: 0 for the first message. As part of the key it allows one message a day.
    day = (now - (rental.overdue_at or now)) // OVERDUE_REMINDED_AFTER
    context = {
        "bike_number": rental.bike.number,
        "started_at": rental.started_at.isoformat(),
        "overdue_after_minutes": rental.overdue_after_minutes,
    }
    recipients = {
        OVERDUE_RIDER.name: rental.rider_id,
        OVERDUE_OPERATORS.name: None,
    }
    return [
        Notification(
            kind=kind, recipient_id=recipient_id, subject_id=rental.pk, key=f"{kind}:{rental.pk}:{day}", context=context
        )
        for kind, recipient_id in recipients.items()
    ]
