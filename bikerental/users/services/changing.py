"""What a replica may not know yet."""

from uuid import UUID

from django.db.models.functions import Now

from bikerental.core.db.statements import Compiled, insert
from bikerental.users.models import RecentChange


def change_noting(*, user_id: UUID) -> Compiled:
    """Part of a statement by which the user changes what their own lists show."""
    return insert(RecentChange(user_id=user_id, changed_at=Now()), or_update=True)
