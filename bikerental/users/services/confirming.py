"""An e-mail is confirmed by whoever can read its mail.

As with another password no token is stored: it is a keyed hash over the account, its e-mail and
whether that is confirmed, so another e-mail voids it and using it does too.
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
    """What confirms the account's e-mail once, for EMAIL_CONFIRM_TIMEOUT seconds. URL-safe."""
    return token_text(user, _Tokens(now).make_token(user))


def email_confirm(*, token: str, now: datetime) -> None:
    """Confirm an e-mail by a token from its mail. By compare-and-swap: of two at once one succeeds.

    :raises EmailTokenInvalidError: made up, used, expired, for another e-mail, or the account is closed
    """
    parts = token_parts(token)
    if parts is None:
        raise EmailTokenInvalidError
    user_id, proof = parts
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not _Tokens(_as_long_as_a_reset(now)).check_token(user, proof):
        raise EmailTokenInvalidError
    if not email_mark_confirmed(user_id=user.pk, email=user.email, now=now):
        raise EmailTokenInvalidError


def email_mark_confirmed(*, user_id: UUID, email: str, now: datetime) -> bool:
    """Whether it was unconfirmed, and still this e-mail, of an open account."""
    unconfirmed = User.objects.filter(pk=user_id, email=email, is_active=True, email_confirmed_at=None)
    return bool(unconfirmed.update(email_confirmed_at=now))


def _as_long_as_a_reset(now: datetime) -> datetime:
    """Django's generator knows one lifetime, PASSWORD_RESET_TIMEOUT: the clock it reads makes up for the rest."""
    return now - timedelta(seconds=settings.EMAIL_CONFIRM_TIMEOUT - settings.PASSWORD_RESET_TIMEOUT)
