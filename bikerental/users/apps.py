from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp import apps as totp_apps

SIGNING_KEY_LENGTH_MIN = 32  # bytes: as long as the digest of HS256


class SecondFactorConfig(totp_apps.DefaultConfig):  # type: ignore[misc] # the library has no types
    """The package for operators' devices, under a heading that explains them. Named in INSTALLED_APPS."""

    default = False
    verbose_name = _("Second factor")


class UsersConfig(AppConfig):
    name = "bikerental.users"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        checks.register(signing_key_check, checks.Tags.security, deploy=True)


def signing_key_check(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """For `check --deploy` under custom settings. The production settings refuse to start with a short key."""
    key = str(settings.SIMPLE_JWT["SIGNING_KEY"])
    if len(key.encode()) >= SIGNING_KEY_LENGTH_MIN and key != settings.SECRET_KEY and not key.startswith("local-"):
        return []
    return [checks.Error("JWT_SIGNING_KEY is short, SECRET_KEY itself or the committed local one.", id="users.E001")]
