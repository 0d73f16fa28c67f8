"""What the rental endpoints take, and the declared shape of what they answer."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.api.fields import Body, IdField, RealField, TextField
from bikerental.fleet.constants import Propulsion
from bikerental.rentals.models import Rental
from bikerental.rentals.types import Place


class RentalStartInput(Body):
    bike = IdField(required=False, help_text=_("Id of the bike."))
    bike_number = TextField(required=False, max_length=32, help_text=_("Number painted on the frame."))

    class Meta:
        ref_name = "RentalStart"

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("bike" in attrs) == ("bike_number" in attrs):
            raise serializers.ValidationError({"bike": _("Give either bike or bike_number.")}, code="invalid")
        return attrs


class PlaceInput(Body):
    station = IdField(required=False, help_text=_("Id of the station the bike is left at."))
    latitude = RealField(required=False, min_value=-90, max_value=90)
    longitude = RealField(required=False, min_value=-180, max_value=180)

    class Meta:
        ref_name = "Place"

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = sorted(attrs)
        if given not in ([], ["station"], ["latitude", "longitude"]):
            field = "station" if "station" in attrs else ({"latitude", "longitude"} - set(attrs)).pop()
            message = _("Give nothing, or station, or latitude and longitude together.")
            raise serializers.ValidationError({field: message}, code="invalid")
        return attrs

    @staticmethod
    def place(data: dict[str, Any]) -> Place | None:
        if not data:
            return None
        return Place(data.get("station"), data.get("latitude"), data.get("longitude"))


class RentalsQuery(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=Rental.Status.choices, required=False)
    to = serializers.DateTimeField(required=False, help_text=_("Rides that started before this time."))

    class Meta:
        ref_name = None

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a keyword in Python, not in a query.
        started_from = serializers.DateTimeField(
            required=False, help_text=_("Rides that started at this time or later.")
        )
        return super().get_fields() | {"from": started_from}


class ModelOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    propulsion = serializers.ChoiceField(choices=Propulsion.choices)

    class Meta:
        ref_name = "RentalBikeModel"


class RentalBikeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    model = ModelOutput()

    class Meta:
        ref_name = "RentalBike"


class StationReferenceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()

    class Meta:
        ref_name = "RentalStation"


class RentalTariffOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    currency = serializers.CharField(help_text=_("ISO 4217"))
    unlock_fee = serializers.CharField()
    per_minute = serializers.CharField()
    free_minutes = serializers.IntegerField()
    daily_cap = serializers.CharField(allow_null=True)
    overdue_after_minutes = serializers.IntegerField()

    class Meta:
        ref_name = "RentalTariff"


class CostLineOutput(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=["unlock", "minutes", "free_minutes", "daily_cap"])
    quantity = serializers.IntegerField(required=False)
    unit_price = serializers.CharField(required=False)
    amount = serializers.CharField()

    class Meta:
        ref_name = "CostLine"


class CostOutput(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text=_("Decimal with two digits; the lines add up to it."))
    currency = serializers.CharField(help_text=_("ISO 4217"))
    final = serializers.BooleanField(help_text=_("True once the ride is settled."))
    lines = CostLineOutput(many=True)

    class Meta:
        ref_name = "Cost"


class RentalOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Rental.Status.choices)
    bike = RentalBikeOutput()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    start_station = StationReferenceOutput(allow_null=True)
    end_station = StationReferenceOutput(allow_null=True)
    tariff = RentalTariffOutput()
    overdue = serializers.BooleanField()
    cost = CostOutput()

    class Meta:
        ref_name = "Rental"


class PasswordInput(Body):
    password = TextField(max_length=128, trim_whitespace=False)

    class Meta:
        ref_name = "AccountClose"


class ExportProfileOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "ExportProfile"


class ExportSessionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    refreshed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportSession"


class ExportNotificationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    context = serializers.JSONField(  # type: ignore[assignment] # the stubs' Field.context is no field of ours
        help_text=_("What the message says, by its kind.")
    )

    class Meta:
        ref_name = "ExportNotification"


class ExportReportOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    bike_number = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    photo = serializers.URLField(allow_null=True)

    class Meta:
        ref_name = "ExportReport"


class ExportOutput(serializers.Serializer[Any]):
    profile = ExportProfileOutput()
    sessions = ExportSessionOutput(many=True)
    rentals = RentalOutput(many=True)
    notifications = ExportNotificationOutput(many=True)
    reports = ExportReportOutput(many=True)

    class Meta:
        ref_name = "Export"
