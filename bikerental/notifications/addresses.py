"""Keyed hashes of addresses, to count and compare them. Without SECRET_KEY nobody can find the address of a hash."""

from django.utils.crypto import salted_hmac

from bikerental.users.constants import ERASED_EMAIL_DOMAIN
from bikerental.users.types import email_normalise


def address_key(email: str, *, purpose: str) -> str:
    """The hash for this purpose. It is the same for every spelling of the address."""
    return salted_hmac(f"bikerental.mail.{purpose}", email_normalise(email), algorithm="sha256").hexdigest()


def email_hidden(email: str) -> str:
    """The stand-in for a refused address whose account was erased. No mail goes to this domain."""
    return address_key(email, purpose="refused") + ERASED_EMAIL_DOMAIN
