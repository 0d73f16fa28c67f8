"""A row for each message that somebody is owed."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel


class Notification(BaseModel):
    """One message, from the moment it is owed until it is sent or given up.

    Holds nothing personal: the address is the recipient's at the moment of sending.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        OVERDUE_RIDER = "overdue_rider", _("overdue, to the rider")
        OVERDUE_OPERATORS = "overdue_operators", _("overdue, to the operators")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    kind = models.CharField(_("kind"), max_length=32, choices=Kind)
    # Users are erased in place, never deleted.
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        on_delete=models.PROTECT,
        related_name="notifications",
        null=True,
        blank=True,
    )
    # A rental; no foreign key, because rentals lie above this app.
    subject_id = models.UUIDField(_("subject"))
    # One row an effect: a task that runs twice owes one message.
    key = models.CharField(_("key"), max_length=100)
    language = models.CharField(_("language"), max_length=8)
    context = models.JSONField(_("context"), default=dict)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="notification_key_unique"),
            models.CheckConstraint(
                condition=Q(kind="overdue_operators", recipient__isnull=True)
                | Q(kind__in=["receipt", "overdue_rider"], recipient__isnull=False),
                name="notification_recipient_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", claimed_until__isnull=False)
                | Q(state__in=["pending", "sent", "failed"], claimed_until__isnull=True),
                name="notification_claimed_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="notification_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(last_error=""), name="notification_failed_has_reason"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state__in=["pending", "sending"]), name="notification_unsent"
            ),
        ]

    def __str__(self) -> str:
        return self.key
