"""The types that an app's `erasure.py` uses to declare its personal data. `registry` says why it is declared there."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class ClosedAccount(NamedTuple):
    """Whose data each app's `erase` erases. Read before any is gone: the user's row may already be erased.

    `erase` runs in the transaction of the closing, which has locked the user. A refusal that it raises keeps
    the account as it was.
    """

    user_id: UUID
    email: str
    email_confirmed: bool
    closed_at: datetime
