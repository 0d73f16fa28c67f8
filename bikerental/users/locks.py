"""The row locks of the users app. The overview (docs/architecture/overview.md) has the order of locks.

A log-in takes its locks in the statements that write: see `services/guessing.py` and `services/sessions.py`.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bikerental.core.db.statements import Statement, select
from bikerental.users.exceptions import AccountClosedError
from bikerental.users.models import User


def user_lock(*, user_id: UUID) -> User | None:
    """The user, locked; None if the account is not open. One statement."""
    return User.objects.select_for_update(no_key=True, of=("self",)).filter(pk=user_id, is_active=True).first()


_OPEN_USER = Statement(
    lambda v: select(
        User.objects.filter(pk=v["user_id"], is_active=True).order_by().values_list("email_confirmed_at"), lock=[User]
    ),
    user_id=UUID,
)


def open_user_lock(*, user_id: UUID) -> datetime | None:
    """Lock an open account, and return when its e-mail was confirmed. One statement.

    Code that writes personal data calls this first. An erasure at the same time either runs before, and the write
    is refused, or after, and erases what was written.

    :raises AccountClosedError: if the account has been closed
    """
    row = _OPEN_USER.first(user_id=user_id)
    if row is None:
        raise AccountClosedError
    confirmed_at: datetime | None = row[0]
    return confirmed_at


def users_lock(*, user_ids: Collection[UUID]) -> list[User]:
    """The users, open or closed, locked in the order of their ids. One statement."""
    return list(User.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=user_ids).order_by("pk"))
