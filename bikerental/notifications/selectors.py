"""The reads of the notifications app."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from bikerental.core.db.keyset import rows_in_pages
from bikerental.core.db.statements import SqlStatement
from bikerental.notifications.addresses import email_hidden
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.users.types import email_normalise


def notifications_of_user(*, user_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """Every message to the user, in pages. One statement each."""
    fields = ("id", "kind", "state", "language", "created_at", "sent_at", "feedback", "context")
    return rows_in_pages(Notification.objects.filter(recipient=user_id).values(*fields))


def refused_address(*, email: str) -> dict[str, Any] | None:
    """Why nothing is sent to the address, or None. One statement."""
    email = email_normalise(email)
    refused = RefusedAddress.objects.filter(email__in=[email, email_hidden(email)])
    found = refused.values("reason", "detail", "created_at").first()
    return None if found is None else {"email": email, **found}


_REFUSING = SqlStatement("SELECT email FROM notifications_refusedaddress WHERE email = ANY(%(spellings)s)")


def addresses_that_refuse(*, emails: Collection[str]) -> set[str]:
    """The addresses among these that nothing is sent to, normalised. One statement, none without addresses."""
    if not emails:
        return set()
    hidden = {email: email_hidden(email) for email in map(email_normalise, emails)}
    refusing = {row[0] for row in _REFUSING.all(spellings=[*hidden, *hidden.values()])}
    return {email for email in hidden if refusing & {email, hidden[email]}}


def notifications_unsent_count() -> int:
    """How many messages wait to be sent. One statement, over the partial index."""
    return Notification.objects.filter(state__in=[Notification.State.PENDING, Notification.State.SENDING]).count()
