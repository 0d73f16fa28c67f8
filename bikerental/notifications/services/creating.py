"""Creates messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import failed_rows_forget
from bikerental.core.work.enqueueing import enqueue_after_commit
from bikerental.notifications.constants import DELIVERING
from bikerental.notifications.kinds import kinds_with_link, message_kinds
from bikerental.notifications.models import Notification
from bikerental.users.selectors import languages_of_users

State = Notification.State


def notification_create(
    *,
    kind: str,
    recipient_id: UUID | None,
    subject_id: UUID | None,
    key: str,
    context: dict[str, Any],
    language: str = "",
    created_at: datetime | None = None,
) -> None:
    """Create one message, as `notifications_create` does."""
    notifications_create(
        [
            Notification(
                kind=kind,
                recipient_id=recipient_id,
                subject_id=subject_id,
                key=key,
                context=context,
                language=language,
                **({} if created_at is None else {"created_at": created_at}),
            )
        ]
    )


@unit_of_work
def notifications_create(notifications: Sequence[Notification]) -> None:
    """Create messages in the caller's transaction. They are sent after the commit.

    A message whose key exists already is not created again. A message without a language gets its
    recipient's. Two or three statements, for any number of messages.
    """
    if unknown := {notification.kind for notification in notifications} - message_kinds().keys():
        raise ValueError(f"No app's messages.py declares {', '.join(sorted(unknown))}.")
    _languages_fill(notifications)
    Notification.objects.bulk_create(notifications, ignore_conflicts=True)
    for notification in notifications:
        # If the key existed already, there is no row with this id, and the task does nothing.
        enqueue_after_commit("bikerental.notifications.tasks.deliver_notifications", row_id=notification.pk)


@unit_of_work
def notifications_send_again(*, notification_ids: Sequence[UUID], now: datetime) -> int:
    """Let messages be sent again, from the first attempt. Returns how many.

    It takes messages that failed or were dropped, and sent ones of a kind that may be sent again. A link is not sent
    again: the rider asks for another one.
    """
    repeatable = [kind.name for kind in message_kinds().values() if kind.may_be_sent_again]
    again = Notification.objects.exclude(kind__in=kinds_with_link()).filter(
        Q(state__in=[State.FAILED, State.DROPPED]) | Q(state=State.SENT, kind__in=repeatable),
        pk__in=notification_ids,
    )
    ids = list(again.order_by("pk").values_list("pk", flat=True))
    count = again.filter(pk__in=ids).update(
        state=State.PENDING, attempts=0, next_attempt_at=now, last_error="", sent_at=None, feedback=""
    )
    failed_rows_forget(DELIVERING, ids)
    for notification_id in ids:
        enqueue_after_commit("bikerental.notifications.tasks.deliver_notifications", row_id=notification_id)
    return count


def _languages_fill(notifications: Sequence[Notification]) -> None:
    without = [notification for notification in notifications if not notification.language]
    user_ids = {notification.recipient_id for notification in without if notification.recipient_id}
    languages = languages_of_users(user_ids=user_ids) if user_ids else {}
    for notification in without:
        user_id = notification.recipient_id
        notification.language = (user_id and languages.get(user_id)) or settings.LANGUAGE_CODE
