"""A new password for a rider who lost the old one and can read the account's mail.

No token is stored. A token is a keyed hash over the account's current state, which includes the password's hash. So
nobody can make a token from a leaked table, and each new password makes all earlier tokens invalid.
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


class ResetRequest(NamedTuple):
    user: User | None
    is_trusted: bool  # the account's e-mail is confirmed, and it logged in from this address before


def password_reset_admit(*, email: str, address: str, now: datetime) -> ResetRequest:
    """The open account to send a link to, if there is one. The work is the same without one.

    :raises ThrottledError: while earlier requests for this e-mail, known or not, delay
    """
    email = email_normalise(email)
    has_logged_in_here = guess_admit(email=email, address=address, now=now, purpose=ASKING)
    user = user_of_email(email=email)
    if user is None or not user.is_active:
        return ResetRequest(None, is_trusted=False)
    return ResetRequest(user, is_trusted=has_logged_in_here and user.email_confirmed)


def reset_token_make(*, user: User, now: datetime) -> str:
    """A token that opens the account once, within PASSWORD_RESET_TIMEOUT seconds. URL-safe."""
    return token_text(user, _Tokens(now).make_token(user))


def password_reset_confirm(*, token: str, new_password: str, address: str, now: datetime) -> None:
    """Set the password with a token from a mail, confirm the e-mail, and end every session.

    :raises ResetTokenInvalidError: if it is invented, used or expired, or the account is closed
    :raises ThrottledError: while earlier attempts at this account delay
    """
    parts = token_parts(token)
    if parts is None:
        raise ResetTokenInvalidError
    user_id, proof = parts
    guess_admit(email=str(user_id), address=address, now=now, purpose=CONFIRMING)
    # Checked before the slow hash, and again under the lock.
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not _Tokens(now).check_token(user, proof):
        raise ResetTokenInvalidError
    _password_set(user_id=user_id, proof=proof, encoded=password_hash(new_password), now=now)
    # The caller can read the account's mail and so is its rider, whom earlier wrong guesses from here need not delay.
    guess_succeeded(email=user.email, address=address, now=now)


@unit_of_work
def _password_set(*, user_id: UUID, proof: str, encoded: str, now: datetime) -> None:
    """Locks the user. The second of two finds another password, which makes its token invalid."""
    locked = user_lock(user_id=user_id)
    if locked is None or not _Tokens(now).check_token(locked, proof):
        raise ResetTokenInvalidError
    password_reset(user_id=user_id, encoded=encoded, now=now)
    # The token proves that the caller reads the mail of this e-mail.
    email_mark_confirmed(user_id=user_id, email=locked.email, now=now)
