"""Who sends a message. A claim is a lease: it runs out if its owner dies, and an owner whose lease ran out changes
nothing any more.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from bikerental.core.db.statements import SqlStatement
from bikerental.notifications.constants import ATTEMPTS_MAX, LEASE
from bikerental.notifications.kinds import message_kinds
from bikerental.notifications.models import Notification

logger = logging.getLogger(__name__)

State = Notification.State

# What is due is also defined in `_due` of `delivering.py`, which finds messages; a test holds both equal.
CLAIM = SqlStatement(f"""
    UPDATE notifications_notification
       SET state = 'sending', claimed_until = %(claimed_until)s, attempts = attempts + 1
     WHERE id = %(notification_id)s AND attempts < {ATTEMPTS_MAX} AND (
        (state = 'pending' AND (next_attempt_at <= %(now)s OR attempts = 0))
        OR (state = 'sending' AND claimed_until <= %(now)s)
     )
""")  # noqa: S608 - of constants alone


def _of_group(now: str, then: str) -> SqlStatement:
    # In one order and without waiting: another worker may be claiming some of them, or an erasure be changing them.
    return SqlStatement(f"""
        WITH locked AS (
            SELECT id FROM notifications_notification
             WHERE id = ANY(%(notification_ids)s::uuid[]) AND {now}
             ORDER BY id
               FOR UPDATE SKIP LOCKED
        )
        UPDATE notifications_notification AS message
           SET {then}
          FROM locked
         WHERE message.id = locked.id
        RETURNING message.id
    """)  # noqa: S608 - of constants alone


CLAIM_NEW = _of_group(
    "state = 'pending' AND attempts = 0", "state = 'sending', claimed_until = %(claimed_until)s, attempts = 1"
)
GIVE_BACK = _of_group(
    "state = 'sending' AND attempts = 1", "state = 'pending', claimed_until = NULL, attempts = %(attempts)s"
)


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


def message_claim(notification_id: UUID, *, now: datetime) -> Notification | None:
    """Claim a message that is due, with its recipient. None if it is not. Two statements."""
    with transaction.atomic(durable=True):  # refuses to run inside a transaction, in which it would not be kept
        if not CLAIM.run(notification_id=notification_id, now=now, claimed_until=now + LEASE):
            return None
    return messages_read([notification_id])[0]


def new_messages_claim(notification_ids: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Claim those messages that nobody has tried to send. Returns their ids. One statement.

    One that was tried before may have killed its sender, and would take the others' attempts with it.
    """
    with transaction.atomic(durable=True):
        rows = CLAIM_NEW.all(notification_ids=list(notification_ids), claimed_until=now + LEASE)
    return [row[0] for row in rows]


def new_messages_give_back(notification_ids: Collection[UUID], *, attempts: int) -> None:
    """End claims of `new_messages_claim`. Messages that another transaction has locked keep theirs until their lease.
    One statement.

    :param attempts: 0: nothing was tried. 1: they are due as well, but each alone
    """
    GIVE_BACK.run(notification_ids=list(notification_ids), attempts=attempts)


def messages_read(notification_ids: Collection[UUID]) -> list[Notification]:
    """Messages with their recipients, oldest first. One statement."""
    return list(Notification.objects.select_related("recipient").filter(pk__in=notification_ids).order_by("pk"))


def message_finish(
    claimed: Notification, *, state: State, last_error: str = "", **fields: datetime | str
) -> str | None:
    """Write how the attempt ended. Returns the state, or None if the claim had run out. One statement."""
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
