"""What the users app reads."""

from uuid import UUID

from bikerental.users.models import Session, User


def user_of_session(*, user_id: UUID, session_id: UUID) -> User | None:
    """The user behind an access token while account and session are open. One statement."""
    return User.objects.filter(
        pk=user_id,
        is_active=True,
        sessions__pk=session_id,
        sessions__ended_at__isnull=True,
    ).first()


def sessions_of_user(*, user_id: UUID) -> list[Session]:
    """Every session on record, newest first. One statement."""
    return list(Session.objects.filter(user_id=user_id).order_by("-created_at", "-pk"))
