"""What the notifications app reads."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from bikerental.core.keyset import rows_in_pages
from bikerental.core.statements import Statement, select
from bikerental.notifications.constants import ADDRESS_WINDOW
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.users.types import email_normalise


def notifications_of_user(*, user_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """Every message to the user, in pages. One statement each."""
    fields = ("id", "kind", "state", "language", "created_at", "sent_at", "feedback", "context")
    return rows_in_pages(Notification.objects.filter(recipient=user_id).values(*fields))


def refused_address(*, email: str) -> dict[str, Any] | None:
    """Why nothing is sent to the address, if so. One statement."""
    refused = RefusedAddress.objects.filter(email=email_normalise(email))
    found = refused.values("email", "reason", "detail", "created_at").first()
    return None if found is None else dict(found)


_REFUSES = Statement(lambda v: select(RefusedAddress.objects.filter(email=v["email"]).values_list("email")), email=str)


def addresses_that_refuse(*, emails: Collection[str]) -> set[str]:
    """Those of the addresses that nothing is sent to, in their one spelling. One statement each."""
    return {refused for email in emails for (refused,) in _REFUSES.all(email=email_normalise(email))}


def is_written_to_enough(notification: Notification, *, now: datetime) -> bool:
    """Whether its recipient got MESSAGES_PER_ADDRESS_HOUR of other messages lately. One statement.

    Those being sent at this moment count: two workers do not both send the last one.
    """
    lately = Q(state=Notification.State.SENT, sent_at__gt=now - ADDRESS_WINDOW)
    others = Notification.objects.filter(lately | Q(state=Notification.State.SENDING), recipient=notification.recipient)
    most = settings.MESSAGES_PER_ADDRESS_HOUR
    return others.exclude(pk=notification.pk)[:most].count() >= most


def notifications_unsent_count() -> int:
    """How many messages are owed and not sent yet, by way of the partial index. One statement."""
    return Notification.objects.filter(state__in=[Notification.State.PENDING, Notification.State.SENDING]).count()
