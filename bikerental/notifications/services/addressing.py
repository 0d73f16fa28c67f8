"""The addresses that a message goes to, read when it is sent, and why it goes to none."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from bikerental.notifications.kinds import message_kinds
from bikerental.notifications.messages import EMAIL_CONFIRMATION, PASSWORD_RESET
from bikerental.notifications.models import Notification
from bikerental.notifications.selectors import addresses_that_refuse
from bikerental.users.models import User
from bikerental.users.types import email_normalise

RECIPIENT_GONE = "recipient_gone"
NO_ACCOUNT = "no_account"
EXPIRED = "expired"
ALREADY_CONFIRMED = "already_confirmed"
NOT_CONFIRMED = "address_not_confirmed"
ADDRESS_REFUSES = "address_refuses_mail"


class Audience(NamedTuple):
    addresses: tuple[str, ...]
    reason: str = ""  # why the message has no recipient


def audiences_of(claimed: Sequence[Notification], *, now: datetime) -> list[Audience]:
    """The addresses that each message goes to now. One statement if there are any."""
    wanted = [_audience(each, now=now) for each in claimed]
    refusing = addresses_that_refuse(emails={address for audience in wanted for address in audience.addresses})
    return [_without(refusing, audience) for audience in wanted]


def _audience(notification: Notification, *, now: datetime) -> Audience:
    recipient = notification.recipient
    if message_kinds()[notification.kind].to_operators:
        return Audience(tuple(settings.OPERATOR_EMAILS))
    if recipient is None:
        return Audience((), NO_ACCOUNT)
    reason = _reason_against(notification, recipient, now=now)
    return Audience((), reason) if reason else Audience((recipient.email,))


def _without(refusing: Collection[str], audience: Audience) -> Audience:
    left = tuple(each for each in audience.addresses if email_normalise(each) not in refusing)
    return Audience(left, audience.reason or ADDRESS_REFUSES)


def _reason_against(notification: Notification, recipient: User, *, now: datetime) -> str:
    """Why nothing is sent, or "". An unconfirmed address may be a stranger's, so it gets links only."""
    has_link = message_kinds()[notification.kind].has_link
    if recipient.erased_at or (has_link and not recipient.is_active):
        return RECIPIENT_GONE
    if _is_late(notification, now=now):
        return EXPIRED
    if notification.kind == EMAIL_CONFIRMATION.name and recipient.email_confirmed:
        return ALREADY_CONFIRMED
    return "" if has_link or recipient.email_confirmed else NOT_CONFIRMED


def _is_late(notification: Notification, *, now: datetime) -> bool:
    """Whether the link is too old to be useful: its rider has asked again by now."""
    lifetime = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    return notification.kind == PASSWORD_RESET.name and now - notification.created_at > lifetime
