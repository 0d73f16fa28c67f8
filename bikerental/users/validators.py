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
# What turns the direction of the text that follows, the operator's page included.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_validate(name: str) -> None:
    if len(name) > NAME_LENGTH:
        return  # that is told apart, and not looked at character by character
    if any(unicodedata.category(character) in _BREAKING_CATEGORIES or character in _TURNING for character in name):
        raise ValidationError(_("A name has no control characters."), code="invalid")
    if not any(character.isprintable() and not character.isspace() for character in name):
        raise ValidationError(_("A name has at least one visible character."), code="invalid")


def password_validate(password: str) -> None:
    """The site's rules, for a password of a length that is told apart."""
    if PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        password_validation.validate_password(password)


class PasswordLengthValidator(MaxLengthValidator):
    """For a password that is known: it was of this length in one of its forms when it was set."""

    def clean(self, x: str) -> int:  # type: ignore[override] # of texts alone
        return min(map(len, password_forms(x)))


class _OfTheStoredForm:
    """Judges the password in the form that is hashed, whoever typed it in which."""

    def validate(self, password: str, user: object = None) -> None:
        super().validate(password_normalise(password), user)  # type: ignore[misc] # a mixin


class MinimumLengthValidator(_OfTheStoredForm, password_validation.MinimumLengthValidator):
    pass


class CommonPasswordValidator(_OfTheStoredForm, password_validation.CommonPasswordValidator):
    pass


class MaximumLengthValidator:
    """Refuses what would only cost the hasher time."""

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
    """Judges nothing: Django tells its validators of each password that was set, and whoever sets one
    through Django (an operator's own page in the admin, `changepassword`) ends the sessions too."""

    def validate(self, password: str, user: object = None) -> None:
        pass

    def password_changed(self, password: str, user: "User") -> None:
        from bikerental.users.services import sessions_end

        sessions_end(user_ids=[user.pk], now=timezone.now())

    def get_help_text(self) -> str:
        return ""
