"""Limits how many messages one address gets in an hour, over all its present and past accounts.

Messages are counted by a keyed hash of the address, so that erasing an account and opening another one
does not reset the count. Each kind of link has its own count. So other messages do not use up links, and
resets that strangers ask for do not use up those that the rider asks for from a known network.
"""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from bikerental.core.db.statements import Compiled, Samples, Statement, select
from bikerental.notifications.addresses import address_key
from bikerental.notifications.constants import ADDRESS_WINDOW
from bikerental.notifications.messages import EMAIL_CONFIRMATION, PASSWORD_RESET
from bikerental.notifications.models import Notification, SentMail
from bikerental.users.models import User


class AddressLimit(NamedTuple):
    """A group of messages that are counted together, and how many of them an address gets in an hour."""

    name: str
    messages_max: int


def sent_mail_count(notification: Notification, *, recipient: User, now: datetime) -> SentMail | None:
    """Count a message that is about to be sent. None, without counting it, if the address has its maximum.

    The row is committed before the others are counted, so of two workers at least one sees the other's
    row, and they do not both send the last allowed message. A sender that fails deletes its row.
    """
    limit = _limit_of(notification)
    key = address_key(recipient.email, purpose=limit.name)
    row = SentMail.objects.create(address_key=key, created_at=now)
    others = _others(limit.messages_max).all(key=key, since=now - ADDRESS_WINDOW, row_id=row.pk)
    if len(others) < limit.messages_max:
        return row
    row.delete()
    return None


@lru_cache
def _others(limit: int) -> Statement:
    def rows(v: Samples) -> Compiled:
        others = SentMail.objects.filter(address_key=v["key"], created_at__gt=v["since"]).exclude(pk=v["row_id"])
        return select(others.values_list("pk")[:limit])

    return Statement(rows, key=str, since=datetime, row_id=UUID)


def _limit_of(notification: Notification) -> AddressLimit:
    if notification.kind == PASSWORD_RESET.name:
        asked = "at_home" if notification.context.get("at_home") else "elsewhere"
        return AddressLimit(f"reset.{asked}", settings.RESETS_PER_ADDRESS_HOUR)
    kind = notification.kind if notification.kind == EMAIL_CONFIRMATION.name else "other"
    return AddressLimit(kind, settings.MESSAGES_PER_ADDRESS_HOUR)
