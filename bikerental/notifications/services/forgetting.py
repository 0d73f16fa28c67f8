"""Deletes old messages, operators' words in them, and addresses whose owner has left or wants mail again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.purging import rows_purge
from bikerental.notifications.addresses import email_hidden
from bikerental.notifications.constants import ADDRESS_WINDOW, UNADDRESSED_KEPT_FOR
from bikerental.notifications.messages import PASSWORD_RESET
from bikerental.notifications.models import Notification, RefusedAddress, SentMail
from bikerental.users.constants import ERASED_EMAIL_DOMAIN
from bikerental.users.models import User
from bikerental.users.types import email_normalise

State = Notification.State
OPERATORS_WORDS = ["reason", "answer"]  # in the context of a message
_ERASE_WORDS = """
UPDATE notifications_notification SET context = context - %(words)s::text[]
 WHERE recipient_id = %(recipient_id)s AND context ?| %(words)s::text[]
"""


def notifications_purge(*, now: datetime) -> int:
    """Delete messages that ended NOTIFICATION_RETENTION_DAYS ago, and those without a recipient after an hour."""
    over = Notification.objects.filter(state__in=[State.SENT, State.FAILED, State.DROPPED])
    nobodys = over.filter(kind=PASSWORD_RESET.name, recipient=None)
    old = over.filter(created_at__lt=now - timedelta(days=settings.NOTIFICATION_RETENTION_DAYS))
    return rows_purge(old) + rows_purge(nobodys.filter(created_at__lt=now - UNADDRESSED_KEPT_FOR))


def sent_mails_purge(*, now: datetime) -> int:
    """Delete the counts that are too old to matter."""
    return rows_purge(SentMail.objects.filter(created_at__lte=now - ADDRESS_WINDOW))


def addresses_purge(*, now: datetime) -> int:
    """Delete addresses that no account has any more, because an operator changed the account's e-mail.

    The hashes of erased accounts' addresses stay NOTIFICATION_RETENTION_DAYS.
    """
    owner = User.objects.alias(email_lower=Lower("email")).filter(email_lower=OuterRef("email"))
    operators = [email_normalise(email) for email in settings.OPERATOR_EMAILS]
    hidden = Q(email__endswith=ERASED_EMAIL_DOMAIN)
    old = Q(created_at__lt=now - timedelta(days=settings.NOTIFICATION_RETENTION_DAYS))
    return rows_purge(RefusedAddress.objects.filter(~hidden | old, ~Exists(owner)).exclude(email__in=operators))


@unit_of_work
def addresses_forget(*, address_ids: Collection[UUID]) -> int:
    """Allow mail to these addresses again. Returns how many there were."""
    return RefusedAddress.objects.filter(pk__in=address_ids).delete()[0]


@unit_of_work
def operators_words_erase(*, recipient_id: UUID) -> None:
    """Erase what operators wrote in the rider's messages, which may name the rider. The caller has locked the user."""
    with connection.cursor() as cursor:
        cursor.execute(_ERASE_WORDS, {"recipient_id": recipient_id, "words": OPERATORS_WORDS})


@unit_of_work
def address_erase(*, email: str, confirmed: bool) -> None:
    """Delete an address. The caller has locked its account.

    An unconfirmed address may belong to somebody else, so its refusal stays, under a keyed hash.
    """
    email = email_normalise(email)
    if email in map(email_normalise, settings.OPERATOR_EMAILS):
        return
    spellings = [email, email_hidden(email)] if confirmed else [email]
    refused = RefusedAddress.objects.filter(email__in=spellings)
    if not confirmed:
        kept = [RefusedAddress(email=email_hidden(email), reason=r.reason, created_at=r.created_at) for r in refused]
        RefusedAddress.objects.bulk_create(kept, ignore_conflicts=True)
    refused.delete()
