"""Input and output of the maintenance endpoints."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.http.fields import Body, IdField, TextField
from bikerental.maintenance.constants import REPORT_TEXT_MAX, ReportKind, ReportState, UploadState


class UploadOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text=_("For the confirmation."))
    url = serializers.URLField(help_text=_("Where the form goes, as multipart/form-data."))
    fields_ = serializers.DictField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()
    max_bytes = serializers.IntegerField()

    class Meta:
        ref_name = "Upload"
        example = {
            "id": "01a20844-d8b0-7d4c-a2b8-6e5f1c9d7a33",
            "url": "https://photos.example.org/",
            "fields": {"key": "uploads/01a20844-d8b0-7d4c-a2b8-6e5f1c9d7a33", "policy": "eyJ..."},
            "expires_at": "2026-05-01T09:10:00Z",
            "max_bytes": 5242880,
        }

    def get_fields(self) -> dict[str, Any]:
        # A class attribute of this name would hide the serializer's own.
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class UploadConfirmInput(Body):
    upload = IdField(help_text=_("The id that the upload began with."))

    class Meta:
        ref_name = "UploadConfirmation"


class UploadStateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(
        choices=[UploadState.CONFIRMED.value, UploadState.PUBLISHED.value],
        help_text=_("`confirmed`: a task prepares it; `published`: it shows."),
    )

    class Meta:
        ref_name = "UploadState"
        example = {"id": "01a20844-d8b0-7d4c-a2b8-6e5f1c9d7a33", "state": "confirmed"}


class ReportInput(Body):
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    text = TextField(max_length=REPORT_TEXT_MAX, required=False, allow_blank=True, default="")

    class Meta:
        ref_name = "ReportCreate"


class ReportOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    bike = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    text = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=ReportState.choices)
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Report"
        example = {
            "id": "01a20844-d8b4-7f09-b6c1-3d8a5e7f2c94",
            "bike": "925985a8-4f48-5356-a25f-8dcd803533db",
            "kind": "brakes",
            "text": "The rear brake does not hold.",
            "state": "open",
            "created_at": "2026-05-01T09:00:00Z",
        }
