"""Confirming an e-mail: it proves that the rider can read its mail.

No token is stored. A token is a keyed hash over the account, its e-mail and whether that is confirmed, so it becomes
invalid when it is used or when the e-mail changes.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from bikerental.users.exceptions import EmailTokenInvalidError
from bikerental.users.models import User
from bikerental.users.services.guessing import guess_admit
from bikerental.users.services.mail_tokens import MailTokens, token_parts, token_text

ASKING = ".email.confirm"


class _Tokens(MailTokens):
    key_salt = "bikerental.users.confirm"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}{user.email}{user.email_confirmed_at}{timestamp}"


def email_confirm_admit(*, user: User, address: str, now: datetime) -> None:
    """Count a request for another link.

    :raises ThrottledError: while earlier requests for this account delay
    """
    guess_admit(email=user.email, address=address, now=now, purpose=ASKING)


def email_token_make(*, user: User, now: datetime) -> str:
    """A token that confirms the account's e-mail once, within EMAIL_CONFIRM_TIMEOUT seconds. URL-safe."""
    return token_text(user, _Tokens(now).make_token(user))


def email_confirm(*, token: str, now: datetime) -> None:
    """Confirm an e-mail with a token from its mail. By compare-and-swap: of two at once one succeeds.

    :raises EmailTokenInvalidError: if it is invented, used, expired or for another e-mail, or the account is closed
    """
    parts = token_parts(token)
    if parts is None:
        raise EmailTokenInvalidError
    user_id, proof = parts
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not _Tokens(_shifted_clock(now)).check_token(user, proof):
        raise EmailTokenInvalidError
    if not email_mark_confirmed(user_id=user.pk, email=user.email, now=now):
        raise EmailTokenInvalidError


def email_mark_confirmed(*, user_id: UUID, email: str, now: datetime) -> bool:
    """Mark the e-mail of an open account as confirmed. False if it was already confirmed or has changed."""
    unconfirmed = User.objects.filter(pk=user_id, email=email, is_active=True, email_confirmed_at=None)
    return bool(unconfirmed.update(email_confirmed_at=now))


def _shifted_clock(now: datetime) -> datetime:
    """Django's generator has one lifetime, PASSWORD_RESET_TIMEOUT. Shifting its clock by the difference gives this
    token its own."""
    return now - timedelta(seconds=settings.EMAIL_CONFIRM_TIMEOUT - settings.PASSWORD_RESET_TIMEOUT)
