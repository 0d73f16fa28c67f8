"""What the notifications app reads."""

from collections.abc import Collection
from uuid import UUID

from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.users.types import email_normalise


def notifications_of_user(*, user_id: UUID) -> list[Notification]:
    """Every message to the user, newest first. One statement."""
    return list(Notification.objects.filter(recipient_id=user_id).order_by("-created_at", "-pk"))


def addresses_that_refuse(*, emails: Collection[str]) -> set[str]:
    """Those of the addresses that nothing is sent to, in their one spelling. One statement."""
    spelled = [email_normalise(email) for email in emails]
    return set(RefusedAddress.objects.filter(email__in=spelled).values_list("email", flat=True))


def notifications_unsent_count() -> int:
    """How many messages are owed and not sent yet, by way of the partial index. One statement."""
    return Notification.objects.filter(state__in=[Notification.State.PENDING, Notification.State.SENDING]).count()
