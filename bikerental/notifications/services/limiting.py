"""How many messages one address gets in an hour, in whatever accounts it is or was.

Counted by a keyed hash of the address, so that erasing an account and opening another one changes
nothing. Each kind of link is counted apart: receipts use up no link, and resets that strangers ask
for use up none that the rider asks for from where he logs in.
"""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from bikerental.notifications.addresses import address_key
from bikerental.notifications.constants import ADDRESS_WINDOW
from bikerental.notifications.messages import EMAIL_CONFIRMATION, PASSWORD_RESET
from bikerental.notifications.models import Notification, SentMail
from bikerental.users.models import User


class Room(NamedTuple):
    """What is counted together, and how much of it an address gets."""

    name: str
    most: int


def sent_mail_count(notification: Notification, *, recipient: User, now: datetime) -> SentMail | None:
    """Count a message that is about to be sent; None, and nothing counted, where the address got enough.

    The row is committed before the others are counted: of two workers one at least sees the other,
    and they do not both send the last one. Whoever fails to send deletes the row.
    """
    room = _room(notification)
    key = address_key(recipient.email, purpose=room.name)
    row = SentMail.objects.create(address_key=key, created_at=now)
    others = SentMail.objects.filter(address_key=key, created_at__gt=now - ADDRESS_WINDOW).exclude(pk=row.pk)
    if others[: room.most].count() < room.most:
        return row
    row.delete()
    return None


def _room(notification: Notification) -> Room:
    if notification.kind == PASSWORD_RESET.name:
        asked = "at_home" if notification.context.get("at_home") else "elsewhere"
        return Room(f"reset.{asked}", settings.RESETS_PER_ADDRESS_HOUR)
    kind = notification.kind if notification.kind == EMAIL_CONFIRMATION.name else "other"
    return Room(kind, settings.MESSAGES_PER_ADDRESS_HOUR)
