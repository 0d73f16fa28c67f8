"""Plain values of the users app."""

import unicodedata
from typing import NamedTuple
from uuid import UUID

from bikerental.core.domains import domain_to_ascii, domain_to_unicode
from bikerental.users.constants import EMAIL_LENGTH, PASSWORD_LENGTH_MAX

# As many characters as one may become when it is taken apart. Longer texts are none of ours, and
# putting a long row of combining marks in order takes time by the square of its length.
_PARTS_MAX = 4


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
    """The one spelling of an address: NFKC, lower-cased whole, trimmed, the domain in punycode.

    Trimmed after NFKC, which turns some lone marks into a space and a mark.
    """
    if len(email) > EMAIL_LENGTH * _PARTS_MAX:
        return email
    email = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).lower()).strip()
    local, at, domain = email.rpartition("@")
    return local + at + domain_to_ascii(domain)


def email_spellings(email: str) -> list[str]:
    """The one spelling, and the one with the domain as people write it, in which it may have been stored before."""
    email = email_normalise(email)
    local, at, domain = email.rpartition("@")
    return list(dict.fromkeys([email, local + at + domain_to_unicode(domain)]))


def password_normalise(password: str) -> str:
    """RFC 8265's OpaqueString: one space for all spaces, then NFC. Nothing is refused here."""
    if len(password) > PASSWORD_LENGTH_MAX * _PARTS_MAX:
        return password
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced)


def password_forms(password: str) -> list[str]:
    """What a stored hash may be of: the normalised password, and, in hashes of before, the one that was typed."""
    return list(dict.fromkeys([password_normalise(password), password]))
