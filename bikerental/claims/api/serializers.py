"""Input of the claim endpoints, and the declared shape of their responses."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.claims.constants import TEXT_LENGTH, ClaimKind, ClaimStatus
from bikerental.claims.types import Complaint
from bikerental.http.fields import TextField
from bikerental.rentals.api.serializers import PlaceBody


class ClaimInput(PlaceBody):
    kind = serializers.ChoiceField(choices=ClaimKind.choices)
    text = TextField(
        required=False, allow_blank=True, max_length=TEXT_LENGTH, help_text=_("What happened, in the rider's words.")
    )
    ended_at = serializers.DateTimeField(required=False, help_text=_("When the bike was returned, as the rider says."))

    class Meta:
        ref_name = "ClaimOpen"

    @classmethod
    def complaint(cls, data: dict[str, Any]) -> Complaint:
        return Complaint(data["kind"], data.get("text", ""), data.get("ended_at"), cls.place(data))


class AdjustmentOutput(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text=_("Decimal with two digits. Negative: it lowers the ride's cost."))
    currency = serializers.CharField(help_text=_("ISO 4217"))

    class Meta:
        ref_name = "Adjustment"
        example = {"amount": "-95.00", "currency": "RUB"}


class ClaimOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    rental = serializers.UUIDField(help_text=_("Id of the ride."))
    kind = serializers.ChoiceField(choices=ClaimKind.choices)
    text = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=ClaimStatus.choices)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text=_("What the operator wrote; empty until then."))
    adjustment = AdjustmentOutput(
        allow_null=True, help_text=_("What was taken off the cost, if the claim was accepted.")
    )

    class Meta:
        ref_name = "Claim"
        example = {
            "id": "01a20844-d8d0-7b42-8e61-2c9f7a5d3e18",
            "rental": "01a20844-d8ae-7a36-91f4-8b2d6c0e5f17",
            "kind": "returned_earlier",
            "text": "I locked it at the harbour, and the ride ran on.",
            "status": "accepted",
            "created_at": "2026-05-01T10:00:00Z",
            "decided_at": "2026-05-01T11:30:00Z",
            "answer": "The lock says the same.",
            "adjustment": AdjustmentOutput.Meta.example,
        }
