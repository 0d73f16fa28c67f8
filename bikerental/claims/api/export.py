"""The part of an account's export about claims."""

from datetime import datetime

from rest_framework import serializers
from rest_framework.request import Request

from bikerental.claims.api.rendering import claim_json
from bikerental.claims.api.serializers import ClaimOutput
from bikerental.claims.selectors import claims_for_export
from bikerental.http.export_sections import Pages
from bikerental.users.api.authentication import rider_of


class ExportClaimOutput(ClaimOutput):
    ended_at = serializers.DateTimeField(allow_null=True)
    station = serializers.UUIDField(allow_null=True)
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)

    class Meta:
        ref_name = "ExportClaim"
        example = ClaimOutput.Meta.example | {
            "ended_at": "2026-05-01T09:10:00Z",
            "station": None,
            "latitude": 59.93,
            "longitude": 30.313025,
        }


def claims(request: Request, now: datetime) -> Pages:
    for page in claims_for_export(rider_id=rider_of(request).pk):
        yield [claim_json(claim) | place._asdict() for claim, place in page]
