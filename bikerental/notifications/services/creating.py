"""Owe somebody a message."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from bikerental.core.enqueueing import enqueue_after_commit
from bikerental.core.transactions import unit_of_work
from bikerental.notifications import tasks
from bikerental.notifications.models import Notification
from bikerental.users.selectors import languages_of_users


def notification_create(
    *, kind: str, recipient_id: UUID | None, subject_id: UUID, key: str, context: dict[str, Any], language: str = ""
) -> None:
    """Owe one message; as `notifications_create`."""
    notifications_create(
        [
            Notification(
                kind=kind,
                recipient_id=recipient_id,
                subject_id=subject_id,
                key=key,
                context=context,
                language=language,
            )
        ]
    )


@unit_of_work
def notifications_create(notifications: Sequence[Notification]) -> None:
    """Owe these messages as part of the caller's transaction; sending follows the commit.

    A key that is there already is owed already: nothing is changed then. Without a language the
    message gets its recipient's. Two or three statements, whatever the number.
    """
    _languages_fill(notifications)
    Notification.objects.bulk_create(notifications, ignore_conflicts=True)
    for notification in notifications:
        # Where the key was taken this id exists nowhere, and the task finds nothing to do.
        enqueue_after_commit(tasks.deliver_notifications, row_id=notification.pk)


@unit_of_work
def notifications_retry(*, notification_ids: Sequence[UUID], now: datetime) -> int:
    """Try failed messages anew, from the first attempt; how many there were."""
    failed = Notification.objects.filter(pk__in=notification_ids, state=Notification.State.FAILED)
    retried = list(failed.order_by("pk").values_list("pk", flat=True))
    count = failed.filter(pk__in=retried).update(
        state=Notification.State.PENDING, attempts=0, next_attempt_at=now, last_error=""
    )
    for notification_id in retried:
        enqueue_after_commit(tasks.deliver_notifications, row_id=notification_id)
    return count


def _languages_fill(notifications: Sequence[Notification]) -> None:
    without = [notification for notification in notifications if not notification.language]
    user_ids = {notification.recipient_id for notification in without if notification.recipient_id}
    languages = languages_of_users(user_ids=user_ids) if user_ids else {}
    for notification in without:
        user_id = notification.recipient_id
        notification.language = (user_id and languages.get(user_id)) or settings.LANGUAGE_CODE
