"""Sends messages, at least once: from `pending` to `sent`, `failed` or `dropped`.

A message is sent twice only if the sender crashes after the server accepts and before it commits, or if it
times out before the server accepts. No transaction is open during a call to the mail server."""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now as utc_now

from bikerental.core.db.statements import SqlStatement
from bikerental.core.work.batches import due_rows, run_row
from bikerental.notifications.constants import (
    ADDRESS_WINDOW,
    ATTEMPTS_MAX,
    BACKOFF_FIRST,
    BACKOFF_MAX,
    BATCH_SECONDS,
    DELIVERING,
    LEASE,
    SWEEP_BATCH,
)
from bikerental.notifications.exceptions import MailError, MailRefusedError, MailUnreachableError
from bikerental.notifications.gateways.mail import Mail, Mailer, mailer_open
from bikerental.notifications.kinds import message_kinds
from bikerental.notifications.messages import EMAIL_CONFIRMATION, PASSWORD_RESET
from bikerental.notifications.models import Notification
from bikerental.notifications.selectors import addresses_that_refuse
from bikerental.notifications.services.limiting import sent_mail_count
from bikerental.notifications.services.rendering import content_render
from bikerental.users.models import User
from bikerental.users.types import email_normalise

logger = logging.getLogger(__name__)

State = Notification.State
RECIPIENT_GONE = "recipient_gone"
NO_ACCOUNT = "no_account"
EXPIRED = "expired"
ALREADY_CONFIRMED = "already_confirmed"
NOT_CONFIRMED = "address_not_confirmed"
ADDRESS_REFUSES = "address_refuses_mail"
TOO_MANY = "too_many_messages"
ATTEMPTS_EXHAUSTED = "attempts_exhausted"


# What is due is also defined in `_due`, which finds messages; a test holds both equal.
CLAIM = SqlStatement(f"""
    UPDATE notifications_notification
       SET state = 'sending', claimed_until = %(claimed_until)s, attempts = attempts + 1
     WHERE id = %(notification_id)s AND attempts < {ATTEMPTS_MAX} AND (
        (state = 'pending' AND (next_attempt_at <= %(now)s OR attempts = 0))
        OR (state = 'sending' AND claimed_until <= %(now)s)
     )
""")  # noqa: S608 - of constants alone


def _finishing(state: str, also: str = "") -> SqlStatement:
    # The number of the attempt distinguishes our claim from a later one.
    return SqlStatement(f"""
        UPDATE notifications_notification
           SET state = '{state}', claimed_until = NULL, last_error = %(last_error)s{also}
         WHERE id = %(notification_id)s AND state = 'sending' AND attempts = %(claimed_attempts)s
    """)  # noqa: S608 - of constants alone


SENT = _finishing("sent", ", sent_at = %(sent_at)s, provider_id = %(provider_id)s, feedback = ''")
AGAIN = _finishing("pending", ", next_attempt_at = %(next_attempt_at)s")
FAILED, DROPPED = _finishing("failed"), _finishing("dropped")
_FINISH = {State.SENT: SENT, State.PENDING: AGAIN, State.FAILED: FAILED, State.DROPPED: DROPPED}


def notification_deliver(notification_id: UUID, *, now: datetime, mailer: Mailer) -> str | None:
    """Send one message that is due. Returns its new state, or None if there was nothing to do.

    If several workers try at once, one claims it by compare-and-swap. The claim is a lease: it runs out if
    its owner dies, and an owner whose lease ran out changes nothing any more.

    :raises MailUnreachableError: after the next attempt was scheduled; other messages would fail too
    """
    if not _claim(notification_id, now):
        return None
    claimed = Notification.objects.select_related("recipient").get(pk=notification_id)
    addresses, reason = _audience(claimed, now=now)
    if not addresses:
        return _finish(claimed, state=State.DROPPED, last_error=reason)
    counted = sent_mail_count(claimed, recipient=claimed.recipient, now=now) if claimed.recipient else None
    if claimed.recipient and counted is None:
        return _postpone(claimed, now=now)
    content = content_render(claimed, now=now)
    mail = Mail(id=claimed.pk, to=addresses, subject=content.subject, text=content.text, html=content.html)
    try:
        provider_id = mailer.send(mail)
    except MailError as error:
        if counted:
            counted.delete()
        return _sending_failed(claimed, error, now=now)
    return _finish(claimed, state=State.SENT, sent_at=now, provider_id=provider_id[:200])


def notifications_deliver(
    notification_ids: Iterable[UUID], *, failed_before: Collection[UUID] = (), seconds: float = BATCH_SECONDS
) -> int:
    """Send the messages that are due, over one connection. Returns how many were sent.

    It stops early when time runs out or the mail server is unavailable. The other messages stay pending without a
    counted attempt, and the sweep finds them.
    """
    sent = 0
    begun = time.monotonic()
    with closing(mailer_open()) as mailer:

        def send(ids: Sequence[UUID]) -> int:
            return notification_deliver(ids[0], now=utc_now(), mailer=mailer) == State.SENT

        try:
            for notification_id in notification_ids:
                if time.monotonic() - begun > seconds:
                    break
                sent += run_row(DELIVERING, notification_id, send, failed_before=notification_id in failed_before)
        except MailUnreachableError as error:
            logger.warning("The mail server is unavailable, the rest waits for the sweep: %s", error)
    return sent


def notifications_deliver_left_over(*, now: datetime) -> int:
    """Send messages that the fast path lost, that are due again, or whose sender died."""
    _fail_exhausted(now)
    due = Notification.objects.filter(_due(now)).order_by("next_attempt_at", "pk")
    failed, others = due_rows(DELIVERING, due, size=SWEEP_BATCH)
    return notifications_deliver([*failed, *others], failed_before=failed)


def _due(now: datetime) -> Q:
    # One that was never tried is due at once. Its time may be of a server whose clock is ahead.
    pending = Q(state=State.PENDING) & (Q(next_attempt_at__lte=now) | Q(attempts=0))
    abandoned = Q(state=State.SENDING, claimed_until__lte=now)
    return (pending | abandoned) & Q(attempts__lt=ATTEMPTS_MAX)


def _claim(notification_id: UUID, now: datetime) -> bool:
    with transaction.atomic(durable=True):  # refuses to run inside a transaction, in which it would not be kept
        return bool(CLAIM.run(notification_id=notification_id, now=now, claimed_until=now + LEASE))


class Audience(NamedTuple):
    addresses: tuple[str, ...]
    reason: str = ""  # why the message has no recipient


def _audience(notification: Notification, *, now: datetime) -> Audience:
    """The addresses that the message goes to now. One statement if there are any."""
    recipient = notification.recipient
    if message_kinds()[notification.kind].to_operators:
        addresses = tuple(settings.OPERATOR_EMAILS)
    elif recipient is None:
        return Audience((), NO_ACCOUNT)
    elif reason := _reason_against(notification, recipient, now=now):
        return Audience((), reason)
    else:
        addresses = (recipient.email,)
    refusing = addresses_that_refuse(emails=addresses)
    return Audience(tuple(each for each in addresses if email_normalise(each) not in refusing), ADDRESS_REFUSES)


def _reason_against(notification: Notification, recipient: User, *, now: datetime) -> str:
    """Why nothing is sent, or "". An unconfirmed address may be a stranger's, so it gets links only."""
    has_link = message_kinds()[notification.kind].has_link
    if recipient.erased_at or (has_link and not recipient.is_active):
        return RECIPIENT_GONE
    if _is_late(notification, now=now):
        return EXPIRED
    if notification.kind == EMAIL_CONFIRMATION.name and recipient.email_confirmed:
        return ALREADY_CONFIRMED
    return "" if has_link or recipient.email_confirmed else NOT_CONFIRMED


def _postpone(claimed: Notification, *, now: datetime) -> str | None:
    """Drop a message with a link: it would come an hour late, and the rider can ask for a new one. Others wait, and
    are tried ATTEMPTS_MAX times in all."""
    if message_kinds()[claimed.kind].has_link or claimed.attempts >= ATTEMPTS_MAX:
        return _finish(claimed, state=State.DROPPED, last_error=TOO_MANY)
    return _finish(claimed, state=State.PENDING, last_error=TOO_MANY, next_attempt_at=now + ADDRESS_WINDOW)


def _is_late(notification: Notification, *, now: datetime) -> bool:
    """Whether the link is too old to be useful: its rider has asked again by now."""
    lifetime = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    return notification.kind == PASSWORD_RESET.name and now - notification.created_at > lifetime


def _finish(claimed: Notification, *, state: State, last_error: str = "", **fields: datetime | str) -> str | None:
    if not _FINISH[state].run(
        notification_id=claimed.pk, claimed_attempts=claimed.attempts, last_error=last_error[:200], **fields
    ):
        logger.warning("Notification %s was claimed anew while it was being sent", claimed.pk)
        return None
    if message_kinds()[claimed.kind].to_operators and state in (State.FAILED, State.DROPPED):
        logger.error("Notification %s %s: %s", claimed.pk, state, last_error)
    elif state == State.FAILED:
        # Not an incident: anybody can cause it by registering an address that takes no mail.
        logger.warning("Notification %s failed: %s", claimed.pk, last_error)
    return state


def _sending_failed(claimed: Notification, error: MailError, *, now: datetime) -> str | None:
    if isinstance(error, MailRefusedError):
        return _finish(claimed, state=State.FAILED, last_error=str(error))
    state = _defer(claimed, now=now, reason=str(error))
    if isinstance(error, MailUnreachableError):
        raise error
    return state


def _defer(claimed: Notification, *, now: datetime, reason: str) -> str | None:
    if claimed.attempts >= ATTEMPTS_MAX:
        return _finish(claimed, state=State.FAILED, last_error=reason)
    delay = min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** (claimed.attempts - 1))
    return _finish(claimed, state=State.PENDING, last_error=reason, next_attempt_at=now + delay)


def _fail_exhausted(now: datetime) -> None:
    """Give up messages whose sender died in every attempt."""
    abandoned = Notification.objects.filter(state=State.SENDING, claimed_until__lte=now, attempts__gte=ATTEMPTS_MAX)
    if count := abandoned.update(state=State.FAILED, claimed_until=None, last_error=ATTEMPTS_EXHAUSTED):
        logger.error("%d notifications failed: %s", count, ATTEMPTS_EXHAUSTED)
