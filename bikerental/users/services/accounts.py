"""A rider's account, from registration to erasure."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from bikerental.core.transactions import constraint_name, unit_of_work
from bikerental.users.exceptions import EmailTakenError, PasswordWrongError
from bikerental.users.models import Session, User
from bikerental.users.services.sessions import sessions_end
from bikerental.users.types import email_normalise


def user_register(
    *, name: str, email: str, password: str, language: str, now: datetime
) -> User:
    """Open an account.

    :raises EmailTakenError: also for the slower of two at once
    """
    user = User(
        name=name, email=email_normalise(email), language=language, created_at=now
    )
    user.set_password(password)  # outside the transaction: hashing is slow by design
    return _user_insert(user)


@unit_of_work
def _user_insert(user: User) -> User:
    try:
        user.save(force_insert=True)
    except IntegrityError as error:
        if constraint_name(error) != "user_email_unique":
            raise
        raise EmailTakenError from error
    return user


def profile_update(*, user: User, name: str) -> User:
    User.objects.filter(pk=user.pk, is_active=True).update(name=name)
    user.name = name
    return user


def password_change(
    *,
    user: User,
    session_id: UUID,
    current_password: str,
    new_password: str,
    now: datetime,
) -> None:
    """Set a new password and end every other session.

    :raises PasswordWrongError: if the current one is another
    """
    if not user.check_password(current_password):
        raise PasswordWrongError(field="current_password")
    user.set_password(new_password)
    _password_store(user=user, session_id=session_id, now=now)


@unit_of_work
def _password_store(*, user: User, session_id: UUID, now: datetime) -> None:
    user.save(update_fields=["password"])
    sessions_end(user_id=user.pk, now=now, but=session_id)


@unit_of_work
def user_erase(*, user: User, now: datetime) -> None:
    """Erase what is personal; the row stays, so that the rides keep a rider.

    The caller has locked the user.
    """
    user.email = f"erased-{user.pk}@erased.invalid"
    user.name = ""
    user.language = "en"
    user.is_active = False
    user.erased_at = now
    user.last_login = None
    user.set_unusable_password()
    user.save()
    Session.objects.filter(user=user).delete()
