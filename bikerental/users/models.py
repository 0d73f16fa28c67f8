"""Riders and operators, and their log-in sessions."""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from bikerental.core.db.transactions import constraint_name
from bikerental.core.models import BaseModel
from bikerental.users.constants import EMAIL_LENGTH, ERASED_EMAIL_DOMAIN
from bikerental.users.exceptions import AccountClosedError
from bikerental.users.types import email_normalise, email_spellings, password_forms, password_normalise

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("recent change"), _("guess counter"))


def first_spelled(users: Iterable["User"], spellings: Iterable[str]) -> "User | None":
    """Of several accounts, the one whose e-mail comes first among the spellings."""
    found = {user.email.lower(): user for user in users}
    return next((found[spelling] for spelling in spellings if spelling in found), None)


class UserManager(BaseUserManager["User"]):
    def spelled(self, spellings: Collection[str]) -> models.QuerySet["User"]:
        # Uses the expression of the unique index: `email=` alone would read the whole table.
        return self.alias(lower=Lower("email")).filter(lower__in=spellings)

    def get_by_natural_key(self, email: str | None) -> "User":
        spellings = email_spellings(email or "")
        if user := first_spelled(self.spelled(spellings), spellings):
            return user
        raise self.model.DoesNotExist

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email_normalise(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(BaseModel, AbstractBaseUser, PermissionsMixin):
    """A person: a rider, or an operator if `is_staff`. Logs in with the e-mail."""

    email = models.EmailField(_("e-mail"), max_length=EMAIL_LENGTH)
    name = models.CharField(_("name"), max_length=150)
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    # Until it is confirmed, an address gets only links. The database default is for the release before, which runs on
    # during a deploy and sends no link to confirm with.
    email_confirmed_at = models.DateTimeField(
        _("e-mail confirmed at"), null=True, blank=True, editable=False, default=None, db_default=Now()
    )
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    # Set by authentication: whether a replica may not have this caller's last change yet.
    changed_recently = False
    # Set by the check of credentials: the authenticator whose code was given at this log-in.
    second_factor_id: int | None = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(is_active=False),
                name="user_erased_is_inactive",
            ),
            # Holds even if the code forgot to lock the account.
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True)
                | models.Q(
                    name="",
                    email__endswith=ERASED_EMAIL_DOMAIN,
                    password__startswith=UNUSABLE_PASSWORD_PREFIX,
                    last_login__isnull=True,
                ),
                name="user_erased_is_nobody",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="user_newest")]

    def __str__(self) -> str:
        # Not the name: the admin's history keeps this text, and an erasure would have to find it.
        return str(self.pk)

    def clean(self) -> None:
        super().clean()
        self.email = email_normalise(self.email)
        if len(self.email) > EMAIL_LENGTH:  # in punycode it may be longer than it was typed
            raise ValidationError({"email": _("This e-mail is too long.")})

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else password_normalise(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        return self.password_form(raw_password or "") is not None

    def password_form(self, raw_password: str) -> str | None:
        """The form of the password that the stored hash was made from, or None if the password is wrong.

        It hashes each form, also after a match, so that the time reveals nothing.
        """
        matching = [form for form in password_forms(raw_password) if super(User, self).check_password(form)]
        return matching[0] if matching else None

    def save(self, **options: Any) -> None:
        """:raises AccountClosedError: if it would restore data that an erasure removed"""
        # Django runs the validators of a new password after it has saved, and one of them ends the sessions. In one
        # transaction both happen, or neither.
        try:
            with transaction.atomic(savepoint=False):
                super().save(**options)
        except IntegrityError as error:
            if constraint_name(error) != "user_erased_is_nobody":
                raise
            raise AccountClosedError from error

    @property
    def email_confirmed(self) -> bool:
        return self.email_confirmed_at is not None

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class Session(BaseModel):
    """One log-in on one device. The row keeps the id of its one valid refresh token, and no token.

    A spent token that is used again is recognised, and a leaked table opens nothing. The valid token can be made again
    from the row's id and `expires_at`.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    refresh_id = models.UUIDField(editable=False)
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # The authenticator whose code came with the log-in. If it is removed, the session loses the operator's rights.
    second_factor = models.ForeignKey(
        TOTPDevice, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="session_expiry")]

    def __str__(self) -> str:
        return str(self.pk)


class RecentChange(models.Model):
    """When a user last changed what their own lists show, by PostgreSQL's clock. Written only if a replica is set:
    for a while after a change, the user's lists are read from the primary."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="recent_change")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)


class GuessCounter(models.Model):
    """Failed guesses at one account's password, in total or from one address.

    The key is a keyed hash, so the table does not reveal who tried what from where.
    """

    key = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField()
    blocked_until = models.DateTimeField()
    trusted_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["failed_at"], name="guess_counter_age")]

    def __str__(self) -> str:
        return self.key
