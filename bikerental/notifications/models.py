"""Messages to send, and addresses that nothing is sent to."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel

# Decided by the kind's name, so that an app can add a kind without changing a constraint.
TO_OPERATORS = Q(kind__endswith="_operators") | Q(kind__in=["rows_failed", "take_outs_paused"])
# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("sent mail"),)


class Notification(BaseModel):
    """One message to send, until it is sent, given up, or dropped on purpose.

    It holds no personal data except the times of a ride, and what an operator wrote, which is erased with the account.
    The address is read from the recipient when the message is sent. A request to reset the password of an unknown
    e-mail makes a row too, without a recipient, so that it takes as long as one for a known e-mail.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("dropped")

    class Feedback(models.TextChoices):
        """What the provider reported after it took the message."""

        BOUNCED = "bounced", _("bounced")
        COMPLAINED = "complained", _("complained about")

    kind = models.CharField(_("kind"), max_length=32)  # a name of `message_kinds`
    # Users are anonymised in their row, never deleted.
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        on_delete=models.PROTECT,
        related_name="notifications",
        null=True,
        blank=True,
    )
    # A rental or none. No foreign key, because rentals lie above this app.
    subject_id = models.UUIDField(_("subject"), null=True, blank=True)
    # Unique, so that a task that runs twice creates one message.
    key = models.CharField(_("key"), max_length=100)
    language = models.CharField(_("language"), max_length=8)
    context = models.JSONField(_("context"), default=dict)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    # The id of the message in SES's reports; SMTP gives none. The database defaults of both fields are for the release
    # before, which runs on during a deploy.
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True, db_default="")
    feedback = models.CharField(_("feedback"), max_length=16, choices=Feedback, blank=True, db_default="")

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="notification_key_unique"),
            models.CheckConstraint(
                condition=Q(TO_OPERATORS, recipient__isnull=True)
                | Q(~TO_OPERATORS, recipient__isnull=False)
                | Q(kind="password_reset"),
                name="notification_recipient_by_name",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", claimed_until__isnull=False)
                | Q(state__in=["pending", "sent", "failed", "dropped"], claimed_until__isnull=True),
                name="notification_claimed_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="notification_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["failed", "dropped"]) | ~Q(last_error=""),
                name="notification_failed_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(feedback__in=["", "bounced", "complained"]), name="notification_feedback_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state__in=["pending", "sending"]), name="notification_unsent"
            ),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="notification_provider_id"),
            models.Index(fields=["created_at"], name="notification_age"),
            models.Index(fields=["created_at"], condition=Q(state="failed"), name="notification_failed"),
        ]

    def __str__(self) -> str:
        return self.key


class RefusedAddress(BaseModel):
    """An address that bounced permanently, or whose owner reported our mail as spam. Nothing more is sent there.

    Only addresses of accounts and operators are recorded, and an account's address goes with its erasure.
    If it was never confirmed, it may be a stranger's: then `email` keeps its keyed hash.
    """

    class Reason(models.TextChoices):
        BOUNCED = "bounced", _("bounced")
        COMPLAINED = "complained", _("complained about")

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    detail = models.CharField(_("detail"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("address that refuses mail")
        verbose_name_plural = _("addresses that refuse mail")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(reason__in=["bounced", "complained"]), name="refused_address_reason"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class SentMail(BaseModel):
    """A message that an address was sent lately. The address is a keyed hash, which reveals no address or account."""

    address_key = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["address_key", "created_at"], name="sent_mail_of_address")]

    def __str__(self) -> str:
        return str(self.pk)
