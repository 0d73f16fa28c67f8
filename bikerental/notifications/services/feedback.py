"""Handles SES reports about sent mail: addresses that do not exist, and complaints about spam."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from email.utils import parseaddr
from typing import Any, NamedTuple

from django.conf import settings

from bikerental.core.db.transactions import unit_of_work
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.users.locks import user_lock
from bikerental.users.selectors import user_of_email
from bikerental.users.types import email_normalise

logger = logging.getLogger(__name__)

Reason = RefusedAddress.Reason


class Report(NamedTuple):
    """One event of SES: addresses that take no more mail, and the message that caused it."""

    reason: Reason
    detail: str
    emails: list[str]
    provider_id: str


def sns_message_handle(*, document: dict[str, Any], now: datetime) -> None:
    """Handle a message of SNS. Idempotent.

    :raises SnsRefusedError, UnavailableError: as `sns_verify`
    """
    from bikerental.notifications.gateways import sns  # here, because most processes never need its cryptography

    message = sns.sns_verify(document, now=now)
    if message.kind == sns.NOTIFICATION:
        for report in _reports(message.text):
            _report_apply(report, now=now)
    elif message.kind == sns.SUBSCRIPTION:
        sns.sns_confirm(message)
        logger.info("Subscribed to %s", message.topic)
    else:
        logger.error("%s reports no longer: somebody ended the subscription", message.topic)


@unit_of_work
def _report_apply(report: Report, *, now: datetime) -> None:
    if report.provider_id:
        Notification.objects.filter(provider_id=report.provider_id).update(feedback=report.reason)
    for email in report.emails:
        if _is_ours(email):
            row = RefusedAddress(email=email, reason=report.reason, detail=report.detail, created_at=now)
            RefusedAddress.objects.bulk_create([row], ignore_conflicts=True)


def _is_ours(email: str) -> bool:
    """Whether the address is an operator's or an account's. Locks the account against an erasure at the same time."""
    if email in map(email_normalise, settings.OPERATOR_EMAILS):
        return True
    user = user_of_email(email=email)
    locked = user and user_lock(user_id=user.pk)
    return locked is not None and email_normalise(locked.email) == email


def _reports(text: str) -> Iterator[Report]:
    """None for anything but a permanent bounce or a complaint. SES itself retries after temporary bounces."""
    try:
        event = json.loads(text)
    except ValueError:  # a test message typed into the console
        return
    if not isinstance(event, dict):
        return
    # The former where a configuration set reports, the latter where the identity does.
    kind = event.get("eventType") or event.get("notificationType")
    bounce, complaint, mail = (_object(event, name) for name in ("bounce", "complaint", "mail"))
    provider_id = str(mail.get("messageId") or "")
    if kind == "Bounce" and bounce.get("bounceType") == "Permanent":
        detail = str(bounce.get("bounceSubType") or "")[:100]
        yield Report(Reason.BOUNCED, detail, _emails(bounce.get("bouncedRecipients")), provider_id)
    elif kind == "Complaint" and complaint.get("complaintFeedbackType") != "not-spam":
        detail = str(complaint.get("complaintFeedbackType") or complaint.get("complaintSubType") or "")[:100]
        yield Report(Reason.COMPLAINED, detail, _emails(complaint.get("complainedRecipients")), provider_id)


def _object(event: dict[str, Any], name: str) -> dict[str, Any]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _emails(recipients: object) -> list[str]:
    if not isinstance(recipients, list):
        return []
    given = [each.get("emailAddress") for each in recipients if isinstance(each, dict)]
    return [email_normalise(parseaddr(each)[1]) for each in given if isinstance(each, str)]
