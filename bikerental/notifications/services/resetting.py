"""Asking for another password; setting it is the users app's."""

from datetime import datetime

from bikerental.core.identifiers import uuid7
from bikerental.notifications.messages import PASSWORD_RESET
from bikerental.notifications.services.creating import notification_create
from bikerental.users.services import password_reset_admit


def password_reset_request(*, email: str, language: str, address: str, now: datetime) -> None:
    """Owe the account's rider a link. Who asks is told nothing, and the same is done for every e-mail.

    :param language: of the request; the mail is written in the rider's own
    :raises ThrottledError: while earlier requests for this e-mail delay
    """
    user, at_home = password_reset_admit(email=email, address=address, now=now)
    notification_create(
        kind=PASSWORD_RESET.name,
        recipient_id=user.pk if user else None,
        subject_id=None,
        key=f"password_reset:{uuid7()}",
        context={"at_home": at_home},
        language=user.language if user else language,
        created_at=now,
    )
