"""What the notifications app reads."""

from collections.abc import Collection
from uuid import UUID

from bikerental.core.statements import Statement, select
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.users.types import email_normalise


def notifications_of_user(*, user_id: UUID) -> list[Notification]:
    """Every message to the user, newest first. One statement."""
    return list(Notification.objects.filter(recipient_id=user_id).order_by("-created_at", "-pk"))


_REFUSES = Statement(lambda v: select(RefusedAddress.objects.filter(email=v["email"]).values_list("email")), email=str)


def addresses_that_refuse(*, emails: Collection[str]) -> set[str]:
    """Those of the addresses that nothing is sent to, in their one spelling. One statement each."""
    return {refused for email in emails for (refused,) in _REFUSES.all(email=email_normalise(email))}


def notifications_unsent_count() -> int:
    """How many messages are owed and not sent yet, by way of the partial index. One statement."""
    return Notification.objects.filter(state__in=[Notification.State.PENDING, Notification.State.SENDING]).count()
