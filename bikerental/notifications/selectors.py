"""What the notifications app reads."""

from uuid import UUID

from bikerental.notifications.models import Notification


def notifications_of_user(*, user_id: UUID) -> list[Notification]:
    """Every message to the user, newest first. One statement."""
    return list(Notification.objects.filter(recipient_id=user_id).order_by("-created_at", "-pk"))
