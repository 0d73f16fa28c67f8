"""A rider's account, from registration to erasure."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from bikerental.core.db.transactions import constraint_name, unit_of_work
from bikerental.users.constants import ERASED_EMAIL_DOMAIN
from bikerental.users.exceptions import AccountClosedError, EmailTakenError, PasswordWrongError
from bikerental.users.locks import user_lock, users_lock
from bikerental.users.models import RecentChange, Session, User
from bikerental.users.selectors import user_of_email
from bikerental.users.services.guessing import guess_admit, guess_succeeded
from bikerental.users.services.passwords import password_hash
from bikerental.users.services.sessions import sessions_end
from bikerental.users.types import email_normalise, email_spellings


def user_register(
    *,
    name: str,
    email: str,
    password: str,
    language: str,
    now: datetime,
    welcome: Callable[[User], None] = lambda user: None,
) -> User:
    """Open an account.

    :param welcome: called in the same transaction to create what belongs to a new account; the password is hashed
        before
    :raises EmailTakenError: also for the slower of two requests at once
    """
    user = User(name=name, email=email_normalise(email), language=language, created_at=now)
    if len(email_spellings(email)) > 1 and user_of_email(email=email):
        raise EmailTakenError  # taken in an older spelling, which the constraint does not recognise
    user.password = password_hash(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            welcome(user)
    except IntegrityError as error:
        if constraint_name(error) != "user_email_unique":
            raise
        raise EmailTakenError from error
    return user


def profile_update(*, user: User, name: str | None = None, language: str | None = None) -> User:
    """Change the given fields.

    :raises AccountClosedError: if the account was closed meanwhile
    """
    user.name = user.name if name is None else name
    user.language = user.language if language is None else language
    changes = {"name": name, "language": language}
    given = {field: value for field, value in changes.items() if value is not None}
    if not User.objects.filter(pk=user.pk, is_active=True).update(**given):
        raise AccountClosedError
    return user


def password_confirm(*, user: User, password: str, field: str, address: str, now: datetime) -> None:
    """Check the account's password. Call it outside a transaction: hashing is slow by design.

    It is guarded like a log-in, because a stolen access token must not allow guessing the password.

    :raises PasswordWrongError: naming the field that held the password
    :raises ThrottledError: while earlier failures delay
    """
    guess_admit(email=user.email, address=address, now=now)
    if not user.check_password(password):
        raise PasswordWrongError(field=field)
    guess_succeeded(email=user.email, address=address, now=now)


def password_change(
    *, user: User, session_id: UUID, current_password: str, new_password: str, address: str, now: datetime
) -> None:
    """Set a new password and end every other session.

    :raises PasswordWrongError, ThrottledError: as `password_confirm`
    :raises AccountClosedError: if the account was closed meanwhile
    """
    password_confirm(user=user, password=current_password, field="current_password", address=address, now=now)
    _password_swap(user=user, encoded=password_hash(new_password), session_id=session_id, now=now)


@unit_of_work
def _password_swap(*, user: User, encoded: str, session_id: UUID, now: datetime) -> None:
    """Locks the user. The second of two changes finds another password than the one it confirmed, and is refused."""
    locked = user_lock(user_id=user.pk)
    if locked is None:
        raise AccountClosedError
    if locked.password != user.password:
        raise PasswordWrongError(field="current_password")
    locked.password = encoded
    locked.save(update_fields=["password"])
    sessions_end(user_ids=[user.pk], now=now, keep=session_id)


@unit_of_work
def password_reset(*, user_id: UUID, encoded: str, now: datetime) -> None:
    """Store a hash that an operator's reset made outside the transaction, and end every session."""
    User.objects.filter(pk=user_id, erased_at=None).update(password=encoded)
    sessions_end(user_ids=[user_id], now=now)


@unit_of_work
def accounts_close(*, user_ids: Collection[UUID], now: datetime) -> list[UUID]:
    """Close the accounts and end their sessions. Returns the ids of those that were open. Locks the users.

    Call it only for riders without a ride. This app knows no rides, so the caller checks that.
    """
    closing = [user.pk for user in users_lock(user_ids=user_ids) if user.is_active]
    User.objects.filter(pk__in=closing).update(is_active=False)
    sessions_end(user_ids=closing, now=now)
    return closing


@unit_of_work
def accounts_reopen(*, user_ids: Collection[UUID]) -> list[UUID]:
    """Reopen closed accounts, except erased ones. Returns their ids. Locks the users."""
    locked = users_lock(user_ids=user_ids)
    opening = [user.pk for user in locked if not user.is_active and user.erased_at is None]
    User.objects.filter(pk__in=opening).update(is_active=True)
    return opening


@unit_of_work
def user_erase(*, user: User, now: datetime) -> None:
    """Erase personal data. The row stays, because the rides refer to it.

    The caller has locked the user.
    """
    user.email = f"erased-{user.pk}{ERASED_EMAIL_DOMAIN}"
    user.name = ""
    user.language = "en"
    user.is_active = user.is_staff = user.is_superuser = False
    user.erased_at = now
    user.last_login = user.email_confirmed_at = None
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    Session.objects.filter(user=user).delete()
    TOTPDevice.objects.filter(user=user).delete()
    RecentChange.objects.filter(user=user).delete()  # it would link the time of an anonymised ride to the account
    # Older entries of the admin's history contain the account's name.
    LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)).update(
        object_repr=str(user.pk)
    )
