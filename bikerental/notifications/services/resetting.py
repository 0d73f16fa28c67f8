"""Sends a link to set another password. The users app sets the password itself."""

from datetime import datetime

from bikerental.core.identifiers import uuid7
from bikerental.notifications.messages import PASSWORD_RESET
from bikerental.notifications.services.creating import notification_create
from bikerental.users.services import password_reset_admit


def password_reset_request(*, email: str, language: str, address: str, now: datetime) -> None:
    """Create the message with the link. The caller learns nothing, and the same work is done for any e-mail.

    :param language: of the request; the mail is written in the rider's own
    :raises ThrottledError: while earlier requests for this e-mail delay
    """
    user, is_trusted = password_reset_admit(email=email, address=address, now=now)
    notification_create(
        kind=PASSWORD_RESET.name,
        recipient_id=user.pk if user else None,
        subject_id=None,
        key=f"password_reset:{uuid7()}",
        context={"at_home": is_trusted},  # `limiting.py` counts by it
        language=user.language if user else language,
        created_at=now,
    )
