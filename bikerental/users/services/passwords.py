"""Stored passwords: normalised, then hashed. Hashing is slow by design, so do it outside transactions."""

from django.contrib.auth.hashers import make_password

from bikerental.users.models import User
from bikerental.users.types import password_forms, password_normalise


def password_hash(password: str) -> str:
    return make_password(password_normalise(password))


def password_hash_dummy(password: str) -> None:
    """Take as long as checking an account's password."""
    for form in password_forms(password):
        make_password(form)


def password_rehash(*, user: User, password: str) -> None:
    """Store the hash of the normalised form for the next log-in. By compare-and-swap: a password that changed
    meanwhile stays."""
    encoded = password_hash(password)
    if User.objects.filter(pk=user.pk, password=user.password).update(password=encoded):
        user.password = encoded
