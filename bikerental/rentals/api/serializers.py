"""Input of the rental endpoints, and the declared shape of their responses."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.fleet.api.serializers import (
    BikeModelOutput,
    BikeNumberField,
    NearestEndOutput,
    StationReferenceOutput,
    TariffOutput,
)
from bikerental.http.fields import Body, IdField, RealField, TextField, TruthField
from bikerental.http.schema import ProblemOutput
from bikerental.rentals.constants import CANCEL_TEXT_MAX, CANCELLED, QUOTE_MINUTES_MAX, CancelReason
from bikerental.rentals.models import Rental, Reservation
from bikerental.rentals.types import Place
from bikerental.zones.constants import ReturnReason

STATUSES = [*Rental.Status.values, CANCELLED]


class RentalStartInput(Body):
    bike = IdField(required=False, help_text=_("Id of the bike."))
    bike_number = BikeNumberField(
        required=False, help_text=_("Number painted on the frame, however it is typed, or its QR code's address.")
    )

    class Meta:
        ref_name = "RentalStart"
        swagger_schema_fields = {"min_properties": 1}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("bike" in attrs) == ("bike_number" in attrs):
            raise serializers.ValidationError({"bike": _("Give either bike or bike_number.")}, code="invalid")
        return attrs


class PlaceBody(Body):
    """A body that may name a place."""

    station = IdField(required=False, help_text=_("Id of the station the bike is left at."))
    latitude = RealField(required=False, min_value=-90, max_value=90)
    longitude = RealField(required=False, min_value=-180, max_value=180)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = sorted(attrs.keys() & {"station", "latitude", "longitude"})
        if given not in ([], ["station"], ["latitude", "longitude"]):
            field = "station" if "station" in attrs else ({"latitude", "longitude"} - set(attrs)).pop()
            message = _("Give nothing, or station, or latitude and longitude together.")
            raise serializers.ValidationError({field: message}, code="invalid")
        return attrs

    @staticmethod
    def place(data: dict[str, Any]) -> Place | None:
        if not data.keys() & {"station", "latitude", "longitude"}:
            return None
        return Place(data.get("station"), data.get("latitude"), data.get("longitude"))


class PlaceInput(PlaceBody):
    accept_fee = TruthField(
        required=False,
        help_text=_("End the ride where the zones do not allow it, for the tariff's out_of_area_fee, if it has one."),
    )

    class Meta:
        ref_name = "Place"

    @staticmethod
    def place(data: dict[str, Any]) -> Place | None:
        place = PlaceBody.place(data)
        return place and place._replace(accepts_fee=data.get("accept_fee", False))


class CancelInput(Body):
    reason = serializers.ChoiceField(choices=CancelReason.choices)
    text = TextField(required=False, default="", allow_blank=True, max_length=CANCEL_TEXT_MAX)

    class Meta:
        ref_name = "RentalCancel"


class RentalsQuery(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    to = serializers.DateTimeField(required=False, help_text=_("Rides that started before this time."))

    class Meta:
        ref_name = None

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a keyword in Python, but not in a query.
        started_from = serializers.DateTimeField(
            required=False, help_text=_("Rides that started at this time or later.")
        )
        return super().get_fields() | {"from": started_from}


class RentalBikeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    model = BikeModelOutput()

    class Meta:
        ref_name = "RentalBike"
        example = {"id": "925985a8-4f48-5356-a25f-8dcd803533db", "number": "D-000001"}


class CostLineOutput(serializers.Serializer[Any]):
    code = serializers.ChoiceField(
        choices=["unlock", "minutes", "free_minutes", "daily_cap", "out_of_area", "adjustment"]
    )
    quantity = serializers.IntegerField(required=False)
    unit_price = serializers.CharField(required=False)
    amount = serializers.CharField()

    class Meta:
        ref_name = "CostLine"
        example = {"code": "minutes", "quantity": 19, "unit_price": "5.00", "amount": "95.00"}


class CostOutput(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text=_("Decimal with two digits; the lines add up to it."))
    currency = serializers.CharField(help_text=_("ISO 4217"))
    final = serializers.BooleanField(help_text=_("True once the ride is settled."))
    lines = CostLineOutput(many=True)

    class Meta:
        ref_name = "Cost"
        example = {
            "amount": "145.00",
            "currency": "RUB",
            "final": True,
            "lines": [{"code": "unlock", "amount": "50.00"}, CostLineOutput.Meta.example],
        }


class RentalOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    bike = RentalBikeOutput()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    start_station = StationReferenceOutput(allow_null=True)
    end_station = StationReferenceOutput(allow_null=True)
    tariff = TariffOutput()
    overdue = serializers.BooleanField()
    cost = CostOutput()

    class Meta:
        ref_name = "Rental"
        example = {
            "id": "01a20844-d8ae-7a36-91f4-8b2d6c0e5f17",
            "status": "settled",
            "started_at": "2026-05-01T09:00:00Z",
            "ended_at": "2026-05-01T09:18:40Z",
            "overdue": False,
        }


class ReturnProblemOutput(ProblemOutput):
    """Why the ride cannot end here, and where it can."""

    reason = serializers.ChoiceField(
        choices=ReturnReason.values, required=False, help_text=_("With `return_not_allowed`.")
    )
    nearest = NearestEndOutput(
        required=False,
        allow_null=True,
        help_text=_(
            "With `return_not_allowed` and `station_closed`: where the ride may end; null where nothing is known."
        ),
    )

    class Meta:
        ref_name = "ReturnProblem"


class MinutesField(serializers.IntegerField):
    """Digits as in JSON: Python would also accept 1_000 and digits of other scripts."""

    def to_internal_value(self, data: Any) -> int:
        if not str(data).isascii() or not str(data).isdecimal():
            self.fail("invalid")
        return super().to_internal_value(data)


class QuoteQuery(serializers.Serializer[Any]):
    minutes = MinutesField(min_value=1, max_value=QUOTE_MINUTES_MAX, help_text=_("How long the ride would take."))

    class Meta:
        ref_name = None


class QuoteOutput(serializers.Serializer[Any]):
    minutes = serializers.IntegerField()
    tariff = TariffOutput()
    cost = CostOutput()

    class Meta:
        ref_name = "Quote"
        example = {"minutes": 19}


class ReservationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Reservation.Status.choices)
    bike = RentalBikeOutput()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text=_("From this time on, any rider can take the bike."))
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "Reservation"
        example = {
            "id": "01a20844-d8b0-7c11-9d2e-3f4a5b6c7d8e",
            "status": "active",
            "created_at": "2026-05-01T08:50:00Z",
            "expires_at": "2026-05-01T09:00:00Z",
            "ended_at": None,
        }
