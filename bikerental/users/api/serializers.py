"""Input and output of the account endpoints."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.http.fields import Body, TextField
from bikerental.users.constants import (
    CODE_LENGTH_MAX,
    EMAIL_LENGTH,
    EXAMPLE_EMAIL,
    NAME_LENGTH,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    RESET_TOKEN_LENGTH_MAX,
)
from bikerental.users.types import email_normalise, password_normalise
from bikerental.users.validators import PasswordLengthValidator, name_validate, password_validate


class EmailField(TextField, serializers.EmailField):
    """Normalised before validation, so that the stored text is the one that was checked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=EMAIL_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        return email_normalise(super().to_internal_value(data))


class NameField(TextField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NAME_LENGTH, **options)
        self.validators.append(name_validate)


class NewPasswordField(TextField):
    """Normalised before validation, so that the hashed text is the one that was counted."""

    codes = ("password_too_common",)  # the code of its validator, for the Swagger document

    def __init__(self, **options: Any) -> None:
        super().__init__(
            min_length=PASSWORD_LENGTH_MIN, max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False, **options
        )
        self.validators.append(password_validate)

    def to_internal_value(self, data: Any) -> str:
        return password_normalise(super().to_internal_value(data))


class KnownPasswordField(TextField):
    """An existing password, as it was typed. Its quality is not checked again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        message = self.error_messages["max_length"].format(max_length=PASSWORD_LENGTH_MAX)
        self.validators.append(PasswordLengthValidator(PASSWORD_LENGTH_MAX, message=message))


class RegisterInput(Body):
    name = NameField()
    email = EmailField()
    password = NewPasswordField()

    class Meta:
        ref_name = "Register"


class LoginInput(Body):
    # Any text is accepted: a text that is no address gets the same answer as an unknown address.
    email = TextField(max_length=EMAIL_LENGTH)
    password = KnownPasswordField()
    code = TextField(
        required=False,
        allow_blank=True,
        max_length=CODE_LENGTH_MAX,
        help_text="The code of an operator's authenticator. Staff endpoints need a session that began with one.",
    )

    class Meta:
        ref_name = "Login"


class RefreshInput(Body):
    refresh = TextField()

    class Meta:
        ref_name = "Refresh"


class VerifyInput(Body):
    token = TextField()

    class Meta:
        ref_name = "Verify"


class PasswordChangeInput(Body):
    current_password = KnownPasswordField()
    new_password = NewPasswordField()

    class Meta:
        ref_name = "PasswordChange"


class ResetInput(Body):
    # Any text is accepted, as for a log-in.
    email = TextField(max_length=EMAIL_LENGTH)

    class Meta:
        ref_name = "PasswordReset"


class ResetConfirmInput(Body):
    token = TextField(max_length=RESET_TOKEN_LENGTH_MAX)
    new_password = NewPasswordField()

    class Meta:
        ref_name = "PasswordResetConfirm"


class EmailConfirmInput(Body):
    token = TextField(max_length=RESET_TOKEN_LENGTH_MAX)

    class Meta:
        ref_name = "EmailConfirm"


class ProfileInput(Body):
    name = NameField(required=False)
    language = serializers.ChoiceField(
        choices=settings.LANGUAGES, required=False, help_text=_("Of the messages to the rider.")
    )

    class Meta:
        ref_name = "ProfileChange"


class RegisteredOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Registered"
        example = {
            "id": "01a20844-d8a1-7c7e-b3a5-2f1c8e0d4b60",
            "name": "Rider",
            "email": EXAMPLE_EMAIL,
            "created_at": "2026-05-01T08:00:00Z",
        }


class ProfileOutput(RegisteredOutput):
    language = serializers.ChoiceField(choices=settings.LANGUAGES)
    email_confirmed = serializers.BooleanField(help_text=_("While false, the address gets only messages with a link."))

    class Meta:
        ref_name = "Profile"
        example = RegisteredOutput.Meta.example | {"language": "en", "email_confirmed": True}


class TokenPairOutput(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()

    class Meta:
        ref_name = "TokenPair"
        example = {"access": "eyJ...", "refresh": "eyJ..."}
