"""Tokens for links in mails: an account's id, and a keyed hash over the account's current state."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.tokens import PasswordResetTokenGenerator

from bikerental.users.models import User

SEPARATOR = "."


class MailTokens(PasswordResetTokenGenerator):
    """Django's generator, with the time from the caller. Tokens are valid for PASSWORD_RESET_TIMEOUT seconds."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now

    def _now(self) -> datetime:
        return self.now.astimezone(UTC).replace(tzinfo=None)


def token_text(user: User, proof: str) -> str:
    return f"{user.pk.hex}{SEPARATOR}{proof}"


def token_parts(token: str) -> tuple[UUID, str] | None:
    """The account's id and the proof; None if the text has another form."""
    user_id, _, proof = token.partition(SEPARATOR)
    try:
        return UUID(hex=user_id), proof
    except ValueError:
        return None
