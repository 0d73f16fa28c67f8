"""Keyed hashes of addresses: they count and compare, and without SECRET_KEY nobody reads an address from them."""

from django.utils.crypto import salted_hmac

from bikerental.users.constants import ERASED_EMAIL_DOMAIN
from bikerental.users.types import email_normalise


def address_key(email: str, *, purpose: str) -> str:
    """The same for every spelling of the address; another one for each purpose."""
    return salted_hmac(f"bikerental.mail.{purpose}", email_normalise(email), algorithm="sha256").hexdigest()


def email_hidden(email: str) -> str:
    """Stands for a refused address whose account is erased. No mail goes to this domain."""
    return address_key(email, purpose="refused") + ERASED_EMAIL_DOMAIN
