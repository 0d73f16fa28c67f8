"""Limits how many messages one address gets in an hour, over all its present and past accounts.

Messages are counted by a keyed hash of the address, so that erasing an account and opening another one
does not reset the count. Each kind of link has its own count. So other messages do not use up links, and
resets that strangers ask for do not use up those that the rider asks for from a known network.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from bikerental.core.db.statements import SqlStatement
from bikerental.notifications.addresses import address_key
from bikerental.notifications.constants import ADDRESS_WINDOW
from bikerental.notifications.messages import EMAIL_CONFIRMATION, PASSWORD_RESET
from bikerental.notifications.models import Notification, SentMail
from bikerental.users.models import User


class AddressLimit(NamedTuple):
    """A group of messages that are counted together, and how many of them an address gets in an hour."""

    name: str
    messages_max: int


# Of each address, besides the message's own row. The limit bounds the work: strangers cause many rows at once.
_OTHERS = SqlStatement("""
    SELECT counted.id, (
        SELECT count(*) FROM (
            SELECT FROM notifications_sentmail AS other
             WHERE other.address_key = counted.address_key AND other.created_at > %(since)s AND other.id <> counted.id
             LIMIT %(limit)s
        ) AS others
    )
      FROM unnest(%(ids)s::uuid[], %(keys)s::text[]) AS counted (id, address_key)
""")


def sent_mails_count(notifications: Collection[Notification], *, now: datetime) -> dict[UUID, SentMail]:
    """Count messages that are about to be sent, of which no two have one recipient. Returns their rows by the messages'
    ids. A message whose address has its maximum is not counted and has none. Two statements, three if there is one.

    The rows are committed before the others are counted, so of two workers at least one sees the other's
    row, and they do not both send the last allowed message. A sender that fails deletes its rows, if it can.
    """
    limits = {each.pk: _limit_of(each) for each in notifications}
    rows = {each.pk: SentMail(address_key=_key(each, limits[each.pk]), created_at=now) for each in notifications}
    if not rows:
        return {}
    SentMail.objects.bulk_create(rows.values())
    others = _others_count(rows.values(), limits.values(), now=now)
    counted = {pk: row for pk, row in rows.items() if others[row.pk] < limits[pk].messages_max}
    if refused := [row.pk for pk, row in rows.items() if pk not in counted]:
        SentMail.objects.filter(pk__in=refused).delete()
    return counted


def _others_count(rows: Collection[SentMail], limits: Collection[AddressLimit], *, now: datetime) -> dict[UUID, int]:
    """How many other messages the address of each row gets, by the rows' ids. Not more than the highest limit."""
    return dict(
        _OTHERS.all(
            ids=[row.pk for row in rows],
            keys=[row.address_key for row in rows],
            since=now - ADDRESS_WINDOW,
            limit=max(limit.messages_max for limit in limits),
        )
    )


def _key(notification: Notification, limit: AddressLimit) -> str:
    recipient: User = notification.recipient  # type: ignore[assignment]
    return address_key(recipient.email, purpose=limit.name)


def _limit_of(notification: Notification) -> AddressLimit:
    if notification.kind == PASSWORD_RESET.name:
        asked = "at_home" if notification.context.get("at_home") else "elsewhere"
        return AddressLimit(f"reset.{asked}", settings.RESETS_PER_ADDRESS_HOUR)
    kind = notification.kind if notification.kind == EMAIL_CONFIRMATION.name else "other"
    return AddressLimit(kind, settings.MESSAGES_PER_ADDRESS_HOUR)
