"""From `pending` to `sent` or `failed`, at least once, and twice only when a sender dies between
the server's yes and its own commit. No transaction is open while the mail server is spoken to."""

import logging
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now as utc_now

from bikerental.notifications.constants import (
    ATTEMPTS_MAX,
    BACKOFF_FIRST,
    BACKOFF_MAX,
    BATCH_SECONDS,
    LEASE,
    SWEEP_BATCH,
)
from bikerental.notifications.exceptions import MailDeferredError, MailRefusedError, MailUnreachableError
from bikerental.notifications.gateways import Mail, Mailer, mailer_open
from bikerental.notifications.models import Notification
from bikerental.notifications.services.rendering import content_render

logger = logging.getLogger(__name__)

State = Notification.State
RECIPIENT_GONE = "recipient_gone"
ATTEMPTS_EXHAUSTED = "attempts_exhausted"


def notification_deliver(notification_id: UUID, *, now: datetime, mailer: Mailer) -> str | None:
    """Send one message that is due; its new state, or None where there was nothing to do.

    Of many at once one claims it, by compare-and-swap. The claim is a lease: it runs out when
    its owner died, and an owner that outlives it changes nothing any more.

    :raises MailUnreachableError: after the next attempt was put down; others would fail as well
    """
    if not _claim(notification_id, now):
        return None
    claimed = Notification.objects.select_related("recipient").get(pk=notification_id)
    addresses = _addresses(claimed)
    if not addresses:
        return _settle(claimed, state=State.FAILED, last_error=RECIPIENT_GONE)
    content = content_render(claimed)
    mail = Mail(id=claimed.pk, to=addresses, subject=content.subject, text=content.text, html=content.html)
    try:
        mailer.send(mail)
    except MailRefusedError as error:
        return _settle(claimed, state=State.FAILED, last_error=str(error))
    except MailDeferredError as error:
        return _defer(claimed, now=now, reason=str(error))
    except MailUnreachableError as error:
        _defer(claimed, now=now, reason=str(error))
        raise
    return _settle(claimed, state=State.SENT, sent_at=now)


def notifications_deliver(notification_ids: Iterable[UUID], *, seconds: float = BATCH_SECONDS) -> int:
    """Send those of the messages that are due, over one connection; how many were sent.

    Stops early when time runs out or the mail server is away. The rest stays pending, its
    attempts unspent, and the sweep finds it.
    """
    sent = 0
    begun = time.monotonic()
    with closing(mailer_open()) as mailer:
        try:
            for notification_id in notification_ids:
                if time.monotonic() - begun > seconds:
                    break
                sent += notification_deliver(notification_id, now=utc_now(), mailer=mailer) == State.SENT
        except MailUnreachableError as error:
            logger.warning("The mail server is away, the rest waits for the sweep: %s", error)
    return sent


def notifications_deliver_left_over(*, now: datetime) -> int:
    """Send what the fast path lost, what is due again, and what a dead sender had claimed."""
    _fail_exhausted(now)
    due = Notification.objects.filter(_due(now)).order_by("next_attempt_at", "pk")
    return notifications_deliver(list(due.values_list("pk", flat=True)[:SWEEP_BATCH]))


def _due(now: datetime) -> Q:
    pending = Q(state=State.PENDING, next_attempt_at__lte=now)
    abandoned = Q(state=State.SENDING, claimed_until__lte=now)
    return (pending | abandoned) & Q(attempts__lt=ATTEMPTS_MAX)


def _claim(notification_id: UUID, now: datetime) -> bool:
    with transaction.atomic(durable=True):  # refuses to run inside a transaction, in which it would not be kept
        due = Notification.objects.filter(_due(now), pk=notification_id)
        return bool(due.update(state=State.SENDING, claimed_until=now + LEASE, attempts=F("attempts") + 1))


def _addresses(notification: Notification) -> tuple[str, ...]:
    if notification.kind == Notification.Kind.OVERDUE_OPERATORS:
        return tuple(settings.OPERATOR_EMAILS)
    recipient = notification.recipient
    return () if recipient is None or recipient.erased_at else (recipient.email,)


def _settle(claimed: Notification, *, state: str, last_error: str = "", **fields: datetime) -> str | None:
    # The number of the attempt tells our claim from a later one.
    ours = Notification.objects.filter(pk=claimed.pk, state=State.SENDING, attempts=claimed.attempts)
    if not ours.update(state=state, claimed_until=None, last_error=last_error[:200], **fields):
        logger.warning("Notification %s was claimed anew while it was being sent", claimed.pk)
        return None
    if state == State.FAILED:
        logger.error("Notification %s failed: %s", claimed.pk, last_error)
    return state


def _defer(claimed: Notification, *, now: datetime, reason: str) -> str | None:
    if claimed.attempts >= ATTEMPTS_MAX:
        return _settle(claimed, state=State.FAILED, last_error=reason)
    delay = min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** (claimed.attempts - 1))
    return _settle(claimed, state=State.PENDING, last_error=reason, next_attempt_at=now + delay)


def _fail_exhausted(now: datetime) -> None:
    """What killed its sender in every attempt is not sent again."""
    abandoned = Notification.objects.filter(state=State.SENDING, claimed_until__lte=now, attempts__gte=ATTEMPTS_MAX)
    if count := abandoned.update(state=State.FAILED, claimed_until=None, last_error=ATTEMPTS_EXHAUSTED):
        logger.error("%d notifications failed: %s", count, ATTEMPTS_EXHAUSTED)
