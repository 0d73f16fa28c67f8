"""Sends messages, at least once: from `pending` to `sent`, `failed` or `dropped`.

A message is sent twice only if the sender crashes after the server accepts and before it commits, or if it
times out before the server accepts. No transaction is open during a call to the mail server.

New messages are claimed, read, counted and rendered in groups. That takes five statements for up to GROUP_MAX
messages; each by itself takes five too."""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.timezone import now as utc_now

from bikerental.core.work.batches import ROW_ERRORS, due_rows, run_row
from bikerental.notifications.constants import (
    ADDRESS_WINDOW,
    ATTEMPTS_MAX,
    BACKOFF_FIRST,
    BACKOFF_MAX,
    BATCH_SECONDS,
    DELIVERING,
    GROUP_MAX,
    GROUP_SECONDS,
    SWEEP_BATCH,
)
from bikerental.notifications.exceptions import MailError, MailRefusedError, MailUnreachableError
from bikerental.notifications.gateways.mail import Mail, Mailer, mailer_open
from bikerental.notifications.kinds import kinds_with_link, message_kinds
from bikerental.notifications.models import Notification, SentMail
from bikerental.notifications.services.addressing import Audience, audiences_of
from bikerental.notifications.services.claiming import (
    message_claim,
    message_finish,
    messages_read,
    new_messages_claim,
    new_messages_give_back,
)
from bikerental.notifications.services.limiting import sent_mails_count
from bikerental.notifications.services.rendering import content_render

logger = logging.getLogger(__name__)

State = Notification.State
TOO_MANY = "too_many_messages"
ATTEMPTS_EXHAUSTED = "attempts_exhausted"


class Ready(NamedTuple):
    """A claimed message that may be sent now."""

    claimed: Notification
    mail: Mail
    counted: SentMail | None  # None if it goes to operators: theirs are not counted


# New states of messages by their ids. None: the claim ran out meanwhile.
States = dict[UUID, str | None]


def notifications_deliver(
    notification_ids: Iterable[UUID], seconds: float = BATCH_SECONDS, *, failed_before: Collection[UUID] = ()
) -> int:
    """Send the messages that are due, over one connection. Returns how many were sent.

    It stops early when time runs out or the mail server is unavailable. The other messages stay pending without a
    counted attempt, and the sweep finds them.

    :param seconds: after them it begins no further message
    :param failed_before: messages that have a record of a failure. They are tried first
    """
    sent = 0
    ids = list(notification_ids)
    with closing(mailer_open()) as mailer:
        batch = _Batch(mailer, end=time.monotonic() + seconds)
        try:
            for notification_id in failed_before:
                sent += batch.send_one(notification_id, failed_before=True)
            for start in range(0, len(ids), GROUP_MAX):
                sent += batch.send_group(ids[start : start + GROUP_MAX])
        except MailUnreachableError as error:
            logger.warning("The mail server is unavailable, the rest waits for the sweep: %s", error)
    return sent


class _Batch:
    """Sends over one connection, and begins nothing after its end. Counts what was sent."""

    def __init__(self, mailer: Mailer, *, end: float) -> None:
        self._mailer = mailer
        self._end = end

    def send_one(self, notification_id: UUID, *, failed_before: bool = False) -> int:
        if self._is_over():
            return 0
        return run_row(DELIVERING, notification_id, self._deliver_one, failed_before=failed_before)

    def send_group(self, ids: Sequence[UUID]) -> int:
        states: States = {}
        if len(ids) > 1 and not self._is_over():
            end = min(self._end, time.monotonic() + GROUP_SECONDS)
            # A row that made the group fail makes its own attempt fail too, which records it.
            with suppress(*ROW_ERRORS):
                states = _new_deliver(ids, now=utc_now(), mailer=self._mailer, end=end)
        sent = list(states.values()).count(State.SENT)
        return sent + sum(self.send_one(each) for each in ids if each not in states)

    def _deliver_one(self, ids: Sequence[UUID]) -> int:
        return notification_deliver(ids[0], now=utc_now(), mailer=self._mailer) == State.SENT

    def _is_over(self) -> bool:
        return time.monotonic() > self._end


def notifications_deliver_left_over(*, now: datetime, seconds: float = BATCH_SECONDS) -> int:
    """Send messages that the fast path lost, that are due again, or whose sender died. Those with a link go first,
    because their riders wait for them.

    :param seconds: after them it begins no further message
    """
    _fail_exhausted(now)
    links_first = ExpressionWrapper(Q(kind__in=kinds_with_link()), BooleanField()).desc()
    due = Notification.objects.filter(_due(now)).order_by(links_first, "next_attempt_at", "pk")
    failed, others = due_rows(DELIVERING, due, size=SWEEP_BATCH)
    return notifications_deliver(others, seconds, failed_before=failed)


def notification_deliver(notification_id: UUID, *, now: datetime, mailer: Mailer) -> str | None:
    """Send one message that is due. Returns its new state, or None if there was nothing to do.

    If several workers try at once, one claims it by compare-and-swap.

    :raises MailUnreachableError: after the next attempt was scheduled; other messages would fail too
    """
    claimed = message_claim(notification_id, now=now)
    if claimed is None:
        return None
    ready, ended = _prepare([claimed], now=now)
    return _send(ready[0], now=now, mailer=mailer) if ready else ended[notification_id]


def _new_deliver(ids: Sequence[UUID], *, now: datetime, mailer: Mailer, end: float) -> States:
    """Send those that were never tried, one for each recipient, and begin none after `end`. The caller sends the
    others one by one.

    Those that were not begun are given back. If that is not possible, they wait for their lease.

    :raises MailUnreachableError: as `notification_deliver`
    """
    waiting = set(new_messages_claim(ids, now=now))
    ready: list[Ready] = []
    attempts = 1  # until all are prepared: one of them may make every group fail
    try:
        # Not two for one recipient, because each is counted before the next may be.
        firsts: dict[UUID, Notification] = {}
        for claimed in messages_read(waiting):
            firsts.setdefault(claimed.recipient_id or claimed.pk, claimed)
        ready, states = _prepare(list(firsts.values()), now=now)
        waiting.difference_update(states)
        attempts = 0
        for each in ready:
            if time.monotonic() > end:
                break
            waiting.remove(each.claimed.pk)
            states[each.claimed.pk] = _send(each, now=now, mailer=mailer)
    finally:
        # Before they are given back: another worker counts a message anew.
        if unsent := [each.counted.pk for each in ready if each.counted and each.claimed.pk in waiting]:
            SentMail.objects.filter(pk__in=unsent).delete()
        if waiting:
            new_messages_give_back(waiting, attempts=attempts)
    return states


def _prepare(claimed: Sequence[Notification], *, now: datetime) -> tuple[list[Ready], States]:
    """Prepare the messages that may be sent, of which no two have one recipient, and end or postpone the others.
    Three statements; one more for each that is not sent, and one if some are beyond their address's limit.
    """
    ended: States = {}
    mails: dict[UUID, Mail] = {}
    for each, audience in zip(claimed, audiences_of(claimed, now=now), strict=True):
        if audience.addresses:
            mails[each.pk] = _mail(each, audience, now=now)
        else:
            ended[each.pk] = message_finish(each, state=State.DROPPED, last_error=audience.reason)
    addressed = [each for each in claimed if each.pk in mails]
    counted = sent_mails_count([each for each in addressed if each.recipient], now=now)
    ready: list[Ready] = []
    for each in addressed:
        if each.recipient and each.pk not in counted:
            ended[each.pk] = _postpone(each, now=now)
        else:
            ready.append(Ready(each, mails[each.pk], counted.get(each.pk)))
    return ready, ended


def _mail(claimed: Notification, audience: Audience, *, now: datetime) -> Mail:
    content = content_render(claimed, now=now)
    return Mail(id=claimed.pk, to=audience.addresses, subject=content.subject, text=content.text, html=content.html)


def _send(ready: Ready, *, now: datetime, mailer: Mailer) -> str | None:
    try:
        provider_id = mailer.send(ready.mail)
    except MailError as error:
        if ready.counted:
            ready.counted.delete()
        return _sending_failed(ready.claimed, error, now=now)
    return message_finish(ready.claimed, state=State.SENT, sent_at=now, provider_id=provider_id[:200])


def _due(now: datetime) -> Q:
    # One that was never tried is due at once. Its time may be of a server whose clock is ahead.
    pending = Q(state=State.PENDING) & (Q(next_attempt_at__lte=now) | Q(attempts=0))
    abandoned = Q(state=State.SENDING, claimed_until__lte=now)
    return (pending | abandoned) & Q(attempts__lt=ATTEMPTS_MAX)


def _postpone(claimed: Notification, *, now: datetime) -> str | None:
    """Drop a message with a link: it would come an hour late, and the rider can ask for a new one. Others wait, and
    are tried ATTEMPTS_MAX times in all."""
    if message_kinds()[claimed.kind].has_link or claimed.attempts >= ATTEMPTS_MAX:
        return message_finish(claimed, state=State.DROPPED, last_error=TOO_MANY)
    return message_finish(claimed, state=State.PENDING, last_error=TOO_MANY, next_attempt_at=now + ADDRESS_WINDOW)


def _sending_failed(claimed: Notification, error: MailError, *, now: datetime) -> str | None:
    if isinstance(error, MailRefusedError):
        return message_finish(claimed, state=State.FAILED, last_error=str(error))
    state = _defer(claimed, now=now, reason=str(error))
    if isinstance(error, MailUnreachableError):
        raise error
    return state


def _defer(claimed: Notification, *, now: datetime, reason: str) -> str | None:
    if claimed.attempts >= ATTEMPTS_MAX:
        return message_finish(claimed, state=State.FAILED, last_error=reason)
    delay = min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** (claimed.attempts - 1))
    return message_finish(claimed, state=State.PENDING, last_error=reason, next_attempt_at=now + delay)


def _fail_exhausted(now: datetime) -> None:
    """Give up messages whose sender died in every attempt."""
    abandoned = Notification.objects.filter(state=State.SENDING, claimed_until__lte=now, attempts__gte=ATTEMPTS_MAX)
    if count := abandoned.update(state=State.FAILED, claimed_until=None, last_error=ATTEMPTS_EXHAUSTED):
        logger.error("%d notifications failed: %s", count, ATTEMPTS_EXHAUSTED)
