"""Plain values of the users app."""

import unicodedata
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bikerental.core.domains import domain_to_ascii, domain_to_unicode
from bikerental.users.constants import EMAIL_LENGTH, PASSWORD_LENGTH_MAX

# One character decomposes into at most this many. A longer text cannot be one of ours, and sorting a long run of
# combining marks takes quadratic time.
_PARTS_MAX = 4


class TokenPair(NamedTuple):
    access: str
    refresh: str


class TokenClaims(NamedTuple):
    """The claims of a token that we signed and that has not expired."""

    kind: str  # "access" or "refresh"
    user_id: UUID
    session_id: UUID
    token_id: UUID
    expires_at: int  # seconds since 1970


class GuessWaits(NamedTuple):
    """What a counter of failed guesses says of the next one."""

    key: str
    blocked_until: datetime
    trusted_until: datetime | None


def email_normalise(email: str) -> str:
    """The normalised address: NFKC, lower case, trimmed, the domain in punycode.

    It is trimmed after NFKC, because NFKC turns some lone marks into a space and a mark.
    """
    if len(email) > EMAIL_LENGTH * _PARTS_MAX:
        return email
    email = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).lower()).strip()
    local, at, domain = email.rpartition("@")
    return local + at + domain_to_ascii(domain)


def email_spellings(email: str) -> list[str]:
    """The normalised address, and the one with the domain in Unicode, which older rows may hold."""
    email = email_normalise(email)
    local, at, domain = email.rpartition("@")
    return list(dict.fromkeys([email, local + at + domain_to_unicode(domain)]))


def password_normalise(password: str) -> str:
    """RFC 8265's OpaqueString: every space becomes the ASCII space, then NFC. Nothing is refused here."""
    if len(password) > PASSWORD_LENGTH_MAX * _PARTS_MAX:
        return password
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced)


def password_forms(password: str) -> list[str]:
    """The forms that a stored hash may be of: the normalised password and, for old hashes, the password as it was
    typed."""
    return list(dict.fromkeys([password_normalise(password), password]))
