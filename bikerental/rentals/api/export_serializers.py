"""The declared shape of the export."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.rentals.api.serializers import RentalOutput
from bikerental.rentals.models import RentalEvent
from bikerental.users.api.serializers import ProfileOutput


class ExportAuthenticatorOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    confirmed = serializers.BooleanField()
    created_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportAuthenticator"
        example = {
            "name": "authenticator",
            "confirmed": True,
            "created_at": "2026-05-01T08:00:00Z",
            "last_used_at": None,
        }


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


class ExportSessionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    refreshed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportSession"
        example = {
            "id": "01a20844-d8a7-7263-8d1b-9f4e0a5c6b28",
            "created_at": "2026-05-01T08:00:00Z",
            "refreshed_at": "2026-05-01T08:30:00Z",
            "expires_at": "2026-05-31T08:30:00Z",
            "ended_at": None,
        }


class ExportEventOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=RentalEvent.Kind.choices)
    happened_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True, help_text=_("What an operator wrote who ended the ride."))

    class Meta:
        ref_name = "ExportEvent"
        example = {
            "kind": "ended_by_operator",
            "happened_at": "2026-05-01T09:18:40Z",
            "reason": "The lock did not close.",
        }


class ExportRentalOutput(RentalOutput):
    events = ExportEventOutput(many=True)

    class Meta:
        ref_name = "ExportRental"
        example = RentalOutput.Meta.example


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
            "kind": "receipt",
            "state": "sent",
            "language": "en",
            "created_at": "2026-05-01T09:18:41Z",
            "sent_at": "2026-05-01T09:18:42Z",
            "feedback": "",
            "context": {"bike_number": "B-000001", "amount": "145.00", "currency": "RUB"},
        }


class ExportReportOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    bike_number = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    photo = serializers.URLField(allow_null=True)

    class Meta:
        ref_name = "ExportReport"
        example = {
            "id": "01a20844-d8b4-7f09-b6c1-3d8a5e7f2c94",
            "bike_number": "B-000001",
            "kind": "brakes",
            "text": "The rear brake does not hold.",
            "state": "open",
            "created_at": "2026-05-01T09:00:00Z",
            "closed_at": None,
            "photo": None,
        }


class ExportUploadOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    bike_number = serializers.CharField()
    report = serializers.UUIDField(allow_null=True)
    state = serializers.CharField()
    code = serializers.CharField(allow_blank=True, help_text=_("Why it was refused."))
    created_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportUpload"
        example = {
            "id": "01a20844-d8b6-7a11-9c0e-5b7d2e4f6a83",
            "bike_number": "B-000001",
            "report": "01a20844-d8b4-7f09-b6c1-3d8a5e7f2c94",
            "state": "published",
            "code": "",
            "created_at": "2026-05-01T09:00:10Z",
            "confirmed_at": "2026-05-01T09:00:20Z",
            "published_at": "2026-05-01T09:00:21Z",
        }


class ExportChangeOutput(serializers.Serializer[Any]):
    happened_at = serializers.DateTimeField()
    change = serializers.CharField(allow_blank=True)

    class Meta:
        ref_name = "ExportChange"
        example = {
            "happened_at": "2026-05-02T10:00:00Z",
            "change": "Changed Name.",
        }


class ExportOutput(serializers.Serializer[Any]):
    profile = ProfileOutput()
    authenticators = ExportAuthenticatorOutput(many=True)
    refused_address = ExportRefusedAddressOutput(allow_null=True)
    sessions = ExportSessionOutput(many=True)
    rentals = ExportRentalOutput(many=True)
    notifications = ExportNotificationOutput(many=True)
    reports = ExportReportOutput(many=True)
    uploads = ExportUploadOutput(many=True)
    operators_changes = ExportChangeOutput(many=True)

    class Meta:
        ref_name = "Export"
