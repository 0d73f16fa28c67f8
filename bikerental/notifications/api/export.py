"""The part of an account's export about notifications."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from bikerental.http.export_sections import Pages
from bikerental.notifications.selectors import notifications_of_user, refused_address
from bikerental.users.api.authentication import rider_of


class ExportRefusedAddressOutput(serializers.Serializer[Any]):
    email = serializers.EmailField()
    reason = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "ExportRefusedAddress"
        example = {
            "email": "rider@example.org",
            "reason": "bounced",
            "detail": "General",
            "created_at": "2026-05-01T08:00:00Z",
        }


class ExportNotificationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.CharField()
    language = serializers.CharField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    feedback = serializers.CharField(allow_blank=True, help_text=_("What the mail server reported of it later."))
    context = serializers.JSONField(  # type: ignore[assignment] # the stubs' Field.context is no field of ours
        help_text=_("What the message says, by its kind.")
    )

    class Meta:
        ref_name = "ExportNotification"
        example = {
            "id": "01a20844-d8c1-7e92-a7d3-4c6b8f1e0d55",
            "kind": "password_reset",
            "state": "sent",
            "language": "en",
            "created_at": "2026-05-01T09:18:41Z",
            "sent_at": "2026-05-01T09:18:42Z",
            "feedback": "",
            "context": {"at_home": True},
        }


def refused(request: Request, now: datetime) -> dict[str, Any] | None:
    return refused_address(email=rider_of(request).email)


def notifications(request: Request, now: datetime) -> Pages:
    return notifications_of_user(user_id=rider_of(request).pk)
