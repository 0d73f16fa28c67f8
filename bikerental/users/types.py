"""Plain values of the users app."""

import unicodedata
from typing import NamedTuple


class TokenPair(NamedTuple):
    access: str
    refresh: str


def email_normalise(email: str) -> str:
    """The one spelling of an address: trimmed, NFKC, lower-cased whole."""
    return unicodedata.normalize("NFKC", email.strip()).lower()
