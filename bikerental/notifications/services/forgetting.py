"""Messages past their time, and addresses whose owner has left or wants mail again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from bikerental.core.purging import rows_purge
from bikerental.core.transactions import unit_of_work
from bikerental.notifications.constants import NOBODYS_KEPT_FOR
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.users.models import User
from bikerental.users.types import email_normalise

State = Notification.State


def notifications_purge(*, now: datetime) -> int:
    """Forget what was sent, failed or dropped NOTIFICATION_RETENTION_DAYS ago, and nobody's after an hour."""
    over = Notification.objects.filter(state__in=[State.SENT, State.FAILED, State.DROPPED])
    nobodys = over.filter(kind=Notification.Kind.PASSWORD_RESET, recipient=None)
    old = over.filter(created_at__lt=now - timedelta(days=settings.NOTIFICATION_RETENTION_DAYS))
    return rows_purge(old) + rows_purge(nobodys.filter(created_at__lt=now - NOBODYS_KEPT_FOR))


def addresses_purge() -> int:
    """Forget addresses that are nobody's any more: an operator gave the account another one."""
    owner = User.objects.alias(email_lower=Lower("email")).filter(email_lower=OuterRef("email"))
    operators = [email_normalise(email) for email in settings.OPERATOR_EMAILS]
    return rows_purge(RefusedAddress.objects.filter(~Exists(owner)).exclude(email__in=operators))


@unit_of_work
def addresses_forget(*, address_ids: Collection[UUID]) -> int:
    """Write to these addresses again; how many there were."""
    return RefusedAddress.objects.filter(pk__in=address_ids).delete()[0]


@unit_of_work
def address_erase(*, email: str) -> None:
    """Keep nothing of an address. The caller has locked the account that it belongs to."""
    RefusedAddress.objects.filter(email=email_normalise(email)).delete()
