"""What of the rides is in the export of an account."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from bikerental.http.export_sections import Pages
from bikerental.rentals.api.rendering import rental_json
from bikerental.rentals.api.serializers import RentalOutput
from bikerental.rentals.models import RentalEvent
from bikerental.rentals.selectors import rentals_for_export
from bikerental.users.api.authentication import rider_of


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


def rentals(request: Request, now: datetime) -> Pages:
    for page in rentals_for_export(rider_id=rider_of(request).pk):
        yield [rental_json(rental, now) | {"events": events} for rental, events in page]
