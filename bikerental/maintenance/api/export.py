"""The parts of an account's export about reports and photos."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from bikerental.fleet.api.rendering import photo_url
from bikerental.http.export_sections import Pages
from bikerental.maintenance.selectors import reports_of_rider, uploads_of_user
from bikerental.users.api.authentication import rider_of


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
            "bike_number": "D-000001",
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
            "bike_number": "D-000001",
            "report": "01a20844-d8b4-7f09-b6c1-3d8a5e7f2c94",
            "state": "published",
            "code": "",
            "created_at": "2026-05-01T09:00:10Z",
            "confirmed_at": "2026-05-01T09:00:20Z",
            "published_at": "2026-05-01T09:00:21Z",
        }


def reports(request: Request, now: datetime) -> Pages:
    for page in reports_of_rider(rider_id=rider_of(request).pk):
        for report in page:
            report["bike_number"] = report.pop("bike__number")
            report["photo"] = photo_url(report["photo"], request) if report["photo"] else None
        yield page


def uploads(request: Request, now: datetime) -> Pages:
    for page in uploads_of_user(user_id=rider_of(request).pk):
        for upload in page:
            upload["bike_number"] = upload.pop("bike__number")
            upload["report"] = upload.pop("report_id")
        yield page
