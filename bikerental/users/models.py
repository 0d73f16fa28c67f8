"""Riders and operators, and the sessions they are logged in with."""

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


class UserManager(BaseUserManager["User"]):
    def with_email(self, email: str) -> "User | None":
        """The account of an e-mail in any spelling, open or closed. One statement."""
        spellings = email_spellings(email)
        # By the expression of the unique index: a plain `email=` would read the whole table.
        found = {user.email.lower(): user for user in self.alias(lower=Lower("email")).filter(lower__in=spellings)}
        return next((found[spelling] for spelling in spellings if spelling in found), None)

    def get_by_natural_key(self, email: str | None) -> "User":
        if user := self.with_email(email or ""):
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
    """A person: a rider, or an operator where `is_staff`. Logs in with the e-mail."""

    email = models.EmailField(_("e-mail"), max_length=EMAIL_LENGTH)
    name = models.CharField(_("name"), max_length=150)
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    # Until then the address is only a claim: it gets links and nothing else. The database fills in the
    # time for the old code, which runs on during a deploy and sends no link to confirm with.
    email_confirmed_at = models.DateTimeField(
        _("e-mail confirmed at"), null=True, blank=True, editable=False, default=None, db_default=Now()
    )
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    # Whether a replica may not know yet what this caller did; told by who authenticates.
    changed_lately = False
    # The authenticator whose code was given at this log-in; told by who checks the credentials.
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
            # Whoever forgets to lock the account is refused here.
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
        # Not the name: the admin keeps the text of what was changed, and an erasure would have to find it.
        return str(self.pk)

    def clean(self) -> None:
        super().clean()
        self.email = email_normalise(self.email)
        if len(self.email) > EMAIL_LENGTH:  # in punycode it may be longer than what was typed
            raise ValidationError({"email": _("This e-mail is too long.")})

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else password_normalise(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        return self.password_form(raw_password or "") is not None

    def password_form(self, raw_password: str) -> str | None:
        """The form of the password that the stored hash is of, or None where it is wrong.

        Each form is hashed, also after one has matched: the time must not tell.
        """
        matching = [form for form in password_forms(raw_password) if super(User, self).check_password(form)]
        return matching[0] if matching else None

    def save(self, **options: Any) -> None:
        """:raises AccountClosedError: if it would bring something back that an erasure took"""
        # Django tells the validators of a new password after it has saved, and one of them ends the sessions:
        # both happen, or neither.
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
    """One login on one device. Its tokens are not kept, only the id of the one refresh token
    that is good: a spent one that comes back is recognised, and a leaked table opens nothing. The good
    token can be written again from the row: its id, and `expires_at`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    refresh_id = models.UUIDField(editable=False)
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # The authenticator whose code came with the log-in. Removing it takes the operator's rights from the session.
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
    """When somebody last changed what their own lists show, by PostgreSQL's clock. Kept only where a
    replica is set: for a while after it they read from the primary."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="recent_change")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)


class GuessCounter(models.Model):
    """Failed guesses at one account's password, in all or from one address.

    The key is a keyed hash: the table tells nothing about who tried what from where.
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
