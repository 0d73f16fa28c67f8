"""The only row locks of the users app. Order in the house: user, rental, bike."""

from uuid import UUID

from bikerental.users.models import GuessCounter, Session, User


def user_lock(*, user_id: UUID) -> User | None:
    """The user, locked, where the account is open. One statement."""
    return (
        User.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=user_id, is_active=True)
        .first()
    )


def user_lock_exists(*, user_id: UUID) -> bool:
    """Lock an open account without reading it. One statement."""
    locked = User.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk=user_id, is_active=True
    )
    return bool(locked.order_by().values_list("is_active", flat=True)[:1])


def session_lock(*, session_id: UUID) -> Session | None:
    """The session with its user, the session locked. One statement."""
    sessions = Session.objects.select_for_update(
        no_key=True, of=("self",)
    ).select_related("user")
    return sessions.filter(pk=session_id).first()


def guess_counters_lock(*, keys: list[str]) -> list[GuessCounter]:
    """The counters, locked in the order of their keys. One statement."""
    return list(
        GuessCounter.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=keys)
        .order_by("key")
    )
