"""A new password for who lost the old one and can read the account's mail.

No token is stored. It is a keyed hash over what the account is at this moment, its password's hash
above all: a leaked table makes none, and whatever sets a password makes every one before it void.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.users.exceptions import ResetTokenInvalidError
from bikerental.users.locks import user_lock
from bikerental.users.models import User
from bikerental.users.selectors import user_of_email
from bikerental.users.services.accounts import password_reset
from bikerental.users.services.confirming import email_mark_confirmed
from bikerental.users.services.guessing import guess_admit, guess_succeeded
from bikerental.users.services.mail_tokens import MailTokens, token_parts, token_text
from bikerental.users.services.passwords import password_hash
from bikerental.users.types import email_normalise

ASKING, CONFIRMING = ".reset", ".reset.confirm"


class _Tokens(MailTokens):
    key_salt = "bikerental.users.reset"


class ResetAsked(NamedTuple):
    user: User | None
    at_home: bool  # from where the account, whose e-mail is confirmed, logged in before


def password_reset_admit(*, email: str, address: str, now: datetime) -> ResetAsked:
    """The open account that a link may be sent to; the same work where there is none.

    :raises ThrottledError: while earlier requests for this e-mail, known or not, delay
    """
    email = email_normalise(email)
    logged_in_there = guess_admit(email=email, address=address, now=now, purpose=ASKING)
    user = user_of_email(email=email)
    if user is None or not user.is_active:
        return ResetAsked(None, at_home=False)
    return ResetAsked(user, at_home=logged_in_there and user.email_confirmed)


def reset_token_make(*, user: User, now: datetime) -> str:
    """What opens the account once, for PASSWORD_RESET_TIMEOUT seconds. URL-safe."""
    return token_text(user, _Tokens(now).make_token(user))


def password_reset_confirm(*, token: str, new_password: str, address: str, now: datetime) -> None:
    """Set the password by a token from a mail, confirm the e-mail, and end every session.

    :raises ResetTokenInvalidError: made up, used, expired, or the account is closed
    :raises ThrottledError: while earlier attempts at this account delay
    """
    parts = token_parts(token)
    if parts is None:
        raise ResetTokenInvalidError
    user_id, proof = parts
    guess_admit(email=str(user_id), address=address, now=now, purpose=CONFIRMING)
    # Looked at before the slow hash, and once more under the lock.
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not _Tokens(now).check_token(user, proof):
        raise ResetTokenInvalidError
    _password_set(user_id=user_id, proof=proof, encoded=password_hash(new_password), now=now)
    # Who reads the account's mail is its rider: wrong guesses from here need not delay him.
    guess_succeeded(email=user.email, address=address, now=now)


@unit_of_work
def _password_set(*, user_id: UUID, proof: str, encoded: str, now: datetime) -> None:
    """Locks the user: of two at once the second finds another password, which voids its token."""
    locked = user_lock(user_id=user_id)
    if locked is None or not _Tokens(now).check_token(locked, proof):
        raise ResetTokenInvalidError
    password_reset(user_id=user_id, encoded=encoded, now=now)
    # Whoever has the token reads the mail of this e-mail, which is part of what it proves.
    email_mark_confirmed(user_id=user_id, email=locked.email, now=now)
