"""Asks a rider to confirm the e-mail. The users app handles the confirmation itself."""

from datetime import datetime

from bikerental.core.identifiers import uuid7
from bikerental.notifications.messages import EMAIL_CONFIRMATION
from bikerental.notifications.services.creating import notification_create
from bikerental.users.models import User
from bikerental.users.services import email_confirm_admit, user_register


def rider_register(*, name: str, email: str, password: str, language: str, now: datetime) -> User:
    """Open an account, and create the message with its confirmation link in the same transaction.

    :raises EmailTakenError: as `user_register`
    """

    def welcome(user: User) -> None:
        _confirmation_create(user, now=now)

    return user_register(name=name, email=email, password=password, language=language, now=now, welcome=welcome)


def confirmation_request(*, user: User, address: str, now: datetime) -> None:
    """Create another message with a link, unless the e-mail is confirmed.

    :raises ThrottledError: while earlier requests delay
    """
    email_confirm_admit(user=user, address=address, now=now)
    if not user.email_confirmed:
        _confirmation_create(user, now=now)


def _confirmation_create(user: User, *, now: datetime) -> None:
    notification_create(
        kind=EMAIL_CONFIRMATION.name,
        recipient_id=user.pk,
        subject_id=None,
        key=f"email_confirmation:{uuid7()}",
        context={},
        language=user.language,
        created_at=now,
    )
