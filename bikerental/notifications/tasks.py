"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from functools import partial
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from bikerental.core.work.single_flight import SingleFlight
from bikerental.notifications.constants import BATCH_SECONDS, SWEEP_BATCH
from bikerental.notifications.services import (
    addresses_purge,
    failed_rows_report,
    notifications_deliver,
    notifications_deliver_left_over,
    notifications_purge,
    sent_mails_purge,
)

_delivery = SingleFlight(seconds=BATCH_SECONDS)


@shared_task
def deliver_notifications(*, ids: list[str], **_newer: object) -> None:
    """Send messages. Safe to run twice: only due ones are taken; the sweep is the retry."""
    own = partial(notifications_deliver, [UUID(row_id) for row_id in ids])
    if _delivery.run(own, again=_deliver_left_over):
        sweep_notifications.delay()


@shared_task
def sweep_notifications(**_newer: object) -> None:
    """Report failed rows, and send messages that the fast path lost or that are due. The next run is the retry."""
    failed_rows_report(now=timezone.now())
    if _delivery.run(_deliver_left_over, again=_deliver_left_over):
        sweep_notifications.delay()


@shared_task
def purge_notifications(**_newer: object) -> None:
    """Delete old messages, and addresses that no account has. The next run is the retry."""
    now = timezone.now()
    notifications_purge(now=now)
    sent_mails_purge(now=now)
    addresses_purge(now=now)


def _deliver_left_over(seconds: float) -> bool:
    return notifications_deliver_left_over(now=timezone.now(), seconds=seconds) >= SWEEP_BATCH
