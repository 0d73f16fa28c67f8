"""Tokens that go out by mail: an account's id, and a keyed hash over what the account is at this moment."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.tokens import PasswordResetTokenGenerator

from bikerental.users.models import User

SEPARATOR = "."


class MailTokens(PasswordResetTokenGenerator):
    """Django's, by the caller's clock; PASSWORD_RESET_TIMEOUT is how long one is good."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now

    def _now(self) -> datetime:
        return self.now.astimezone(UTC).replace(tzinfo=None)


def token_text(user: User, proof: str) -> str:
    return f"{user.pk.hex}{SEPARATOR}{proof}"


def token_parts(token: str) -> tuple[UUID, str] | None:
    """The account's id and the proof, or None where it is no such token."""
    user_id, _, proof = token.partition(SEPARATOR)
    try:
        return UUID(hex=user_id), proof
    except ValueError:
        return None
