"""Plain values of the users app."""

import unicodedata
from typing import NamedTuple
from uuid import UUID

from bikerental.users.constants import EMAIL_LENGTH


class TokenPair(NamedTuple):
    access: str
    refresh: str


class TokenClaims(NamedTuple):
    """What a token that is signed by us and has not expired says."""

    kind: str  # "access" or "refresh"
    user_id: UUID
    session_id: UUID
    token_id: UUID
    expires_at: int  # seconds since 1970


def email_normalise(email: str) -> str:
    """The one spelling of an address: NFKC, lower-cased whole, trimmed.

    Trimmed last: NFKC turns some lone marks into a space and a mark. What is too long for an address is
    left as it is: to sort its marks would cost the square of its length.
    """
    if len(email) > EMAIL_LENGTH:
        return email
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).lower()).strip()
