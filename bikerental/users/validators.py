import unicodedata
from typing import TYPE_CHECKING

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext as _

from bikerental.users.constants import NAME_LENGTH, PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from bikerental.users.types import password_forms, password_normalise

if TYPE_CHECKING:
    from bikerental.users.models import User

# Control characters, line and paragraph separators: they break lists, mails and logs.
_BREAKING_CATEGORIES = {"Cc", "Zl", "Zp"}
# Characters that change the direction of the text after them, also on an operator's page.
_BIDI_MARKS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_validate(name: str) -> None:
    if len(name) > NAME_LENGTH:
        return  # the length validator reports it; checking each character would be slow
    if any(unicodedata.category(character) in _BREAKING_CATEGORIES or character in _BIDI_MARKS for character in name):
        raise ValidationError(_("A name has no control characters."), code="invalid")
    if not any(character.isprintable() and not character.isspace() for character in name):
        raise ValidationError(_("A name has at least one visible character."), code="invalid")


def password_validate(password: str) -> None:
    """Apply the site's rules; the length has a validator of its own."""
    if PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        password_validation.validate_password(password)


class PasswordLengthValidator(MaxLengthValidator):
    """For an existing password: one of its forms had at most this length when it was set."""

    def clean(self, x: str) -> int:  # type: ignore[override] # of texts alone
        return min(map(len, password_forms(x)))


class _StoredFormValidator:
    """Validates the form that is hashed, not the form that was typed."""

    def validate(self, password: str, user: object = None) -> None:
        super().validate(password_normalise(password), user)  # type: ignore[misc] # a mixin


class MinimumLengthValidator(_StoredFormValidator, password_validation.MinimumLengthValidator):
    pass


class CommonPasswordValidator(_StoredFormValidator, password_validation.CommonPasswordValidator):
    pass


class MaximumLengthValidator:
    """Refuses passwords that would only cost the hasher time."""

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: object = None) -> None:
        if len(password_normalise(password)) > self.max_length:
            raise ValidationError(
                _("This password is too long. It must contain at most %(max_length)d characters."),
                code="password_too_long",
                params={"max_length": self.max_length},
            )

    def get_help_text(self) -> str:
        return _("Your password must contain at most %(max_length)d characters.") % {"max_length": self.max_length}


class SessionsEndWithPassword:
    """Ends the sessions when Django sets a password: in the operator's own page of the admin and in `changepassword`.

    Django calls `password_changed` of each validator after it saves a password. This validator checks nothing.
    """

    def validate(self, password: str, user: object = None) -> None:
        pass

    def password_changed(self, password: str, user: "User") -> None:
        from bikerental.users.services import sessions_end

        sessions_end(user_ids=[user.pk], now=timezone.now())

    def get_help_text(self) -> str:
        return ""
