"""The parts of an account's export about rides."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from bikerental.http.export_sections import Pages
from bikerental.rentals.api.rendering import rental_json
from bikerental.rentals.api.serializers import RentalOutput
from bikerental.rentals.models import RentalEvent, Reservation
from bikerental.rentals.selectors import rentals_for_export, reservations_of_rider
from bikerental.users.api.authentication import rider_of


class ExportEventOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=RentalEvent.Kind.choices)
    happened_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True, help_text=_("What the operator who ended the ride wrote."))

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


class ExportReservationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    bike_number = serializers.CharField()
    status = serializers.ChoiceField(choices=Reservation.Status.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportReservation"
        example = {
            "id": "01a20844-d8b0-7c11-9d2e-3f4a5b6c7d8e",
            "bike_number": "D-000001",
            "status": "used",
            "created_at": "2026-05-01T08:50:00Z",
            "expires_at": "2026-05-01T09:00:00Z",
            "ended_at": "2026-05-01T08:55:00Z",
        }


def rentals(request: Request, now: datetime) -> Pages:
    for page in rentals_for_export(rider_id=rider_of(request).pk):
        yield [rental_json(rental, now) | {"events": events} for rental, events in page]


def reservations(request: Request, now: datetime) -> Pages:
    for page in reservations_of_rider(rider_id=rider_of(request).pk):
        for reservation in page:
            reservation["bike_number"] = reservation.pop("bike__number")
        yield page
