"""Input of the fleet endpoints, and the declared shape of their responses."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.core.geometry import Box, Position, boxes_between
from bikerental.fleet.constants import (
    NEAR_RADIUS_MAX_M,
    BikeStatus,
    Propulsion,
)
from bikerental.fleet.numbers import NUMBER_TYPED_LENGTH, is_number_key, number_key_typed
from bikerental.fleet.types import BikeFilters, Circle
from bikerental.http.fields import TextField

ANY = "any"
# The states by which a list may be filtered. Retired bikes are in no list.
SHOWN = [status.value for status in BikeStatus if status != BikeStatus.RETIRED]


class NumberField(serializers.FloatField):
    """A number as in JSON: not 1_000, which Python would accept. DRF refuses NaN and infinity."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if isinstance(data, str) and ("_" in data or not data.isascii()):
            self.fail("invalid")
        return value


class BoxField(serializers.CharField):
    """`west,south,east,north`; west is greater than east if the box crosses the 180th meridian."""

    default_error_messages = {
        "box": _("Give west,south,east,north in degrees, south not above north."),
    }

    def to_internal_value(self, data: Any) -> list[Box]:  # type: ignore[override] # a text comes in, boxes go out
        number = NumberField()
        try:
            west, south, east, north = map(number.to_internal_value, super().to_internal_value(data).split(","))
        except (ValueError, serializers.ValidationError):
            self.fail("box")
        if not (-90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):
            self.fail("box")
        return boxes_between(west=west, south=south, east=east, north=north)


class BikeNumberField(TextField):
    """A bike's number, typed or scanned. The value is its key."""

    default_error_messages = {
        "invalid": _("Give the number painted on the frame, or the address that its QR code holds."),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NUMBER_TYPED_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if len(text) > NUMBER_TYPED_LENGTH:  # the field's own validator sees only the key
            self.fail("max_length", max_length=NUMBER_TYPED_LENGTH)
        key = number_key_typed(text)
        if not is_number_key(key):
            self.fail("invalid")
        return key


class NearQuery(serializers.Serializer[Any]):
    lat = NumberField(required=False, min_value=-90, max_value=90, help_text=_("With lon: the nearest first."))
    lon = NumberField(required=False, min_value=-180, max_value=180)
    radius = NumberField(
        required=False, min_value=0, max_value=NEAR_RADIUS_MAX_M, help_text=_("Metres; 10,000 unless given.")
    )

    class Meta:
        ref_name = None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {"lat", "lon", "radius"} & set(attrs)
        for name in ("lat", "lon"):
            if given and name not in given:
                raise serializers.ValidationError({name: _("Give lat and lon together.")}, code="required")
        return attrs

    @staticmethod
    def circle(query: dict[str, Any]) -> Circle | None:
        if "lat" not in query:
            return None
        return Circle(Position(query["lat"], query["lon"]), query.get("radius", float(NEAR_RADIUS_MAX_M)))


class BikesQuery(NearQuery):
    status = serializers.ChoiceField(choices=[*SHOWN, ANY], default=BikeStatus.AVAILABLE.value)
    number = BikeNumberField(required=False, help_text=_("Number painted on the frame, however it is typed."))
    station = serializers.UUIDField(required=False, help_text=_("Id of a station."))
    model = serializers.UUIDField(required=False, help_text=_("Id of a model."))
    bbox = BoxField(required=False, max_length=200, help_text=_("west,south,east,north in degrees."))

    class Meta:
        ref_name = None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if "lat" in attrs and "bbox" in attrs:
            raise serializers.ValidationError({"bbox": _("Give either bbox or lat, lon and radius.")}, code="invalid")
        return attrs

    @staticmethod
    def filters(query: dict[str, Any]) -> BikeFilters:
        status = None if query["status"] == ANY else query["status"]
        return BikeFilters(status, query.get("station"), query.get("model"), query.get("bbox", ()), query.get("number"))


class BikeModelOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    propulsion = serializers.ChoiceField(choices=Propulsion.choices)

    class Meta:
        ref_name = "BikeModel"
        example = {"id": "93dc82cb-d2b4-5178-97d2-71440350fe8b", "name": "City", "propulsion": "human"}


class StationReferenceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()

    class Meta:
        ref_name = "StationReference"
        example = {"id": "ceae5bac-9fc7-5261-86dc-0795d39ad3ae", "name": "Demo City 0001"}


class TariffOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    currency = serializers.CharField(help_text=_("ISO 4217"))
    unlock_fee = serializers.CharField()
    per_minute = serializers.CharField()
    free_minutes = serializers.IntegerField()
    daily_cap = serializers.CharField(allow_null=True)
    overdue_after_minutes = serializers.IntegerField()
    out_of_area_fee = serializers.CharField(
        allow_null=True,
        help_text=_("Added to the cost if the ride ends where the zones do not allow it. Null: it cannot end there."),
    )

    class Meta:
        ref_name = "Tariff"
        example = {
            "name": "Basic",
            "currency": "RUB",
            "unlock_fee": "50.00",
            "per_minute": "5.00",
            "free_minutes": 0,
            "daily_cap": None,
            "overdue_after_minutes": 1440,
            "out_of_area_fee": None,
        }


class BikeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField(help_text=_("As painted on the frame."))
    model = BikeModelOutput()
    status = serializers.ChoiceField(choices=BikeStatus.choices)
    station = StationReferenceOutput(allow_null=True)
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    tariff = TariffOutput()
    photo = serializers.URLField(
        allow_null=True, help_text=_("Up to 1600 pixels a side; good for half an hour at least.")
    )
    thumbnail = serializers.URLField(allow_null=True, help_text=_("The same, up to 320 pixels a side."))
    distance_m = serializers.FloatField(required=False, help_text=_("Only in an answer to lat and lon."))

    class Meta:
        ref_name = "Bike"
        example = {
            "id": "925985a8-4f48-5356-a25f-8dcd803533db",
            "number": "D-000001",
            "status": "available",
            "latitude": 59.93,
            "longitude": 30.313025,
            "photo": None,
            "thumbnail": None,
        }


class StationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    capacity = serializers.IntegerField(help_text=_("Docks in all."))
    is_renting = serializers.BooleanField(help_text=_("Whether it lends bikes."))
    is_returning = serializers.BooleanField(help_text=_("Whether it takes returns."))
    bikes_available = serializers.IntegerField()
    docks_available = serializers.IntegerField()
    distance_m = serializers.FloatField(required=False, help_text=_("Only in an answer to lat and lon."))

    class Meta:
        ref_name = "Station"
        example = {
            "id": "ceae5bac-9fc7-5261-86dc-0795d39ad3ae",
            "name": "Demo City 0001",
            "latitude": 59.93,
            "longitude": 30.313025,
            "capacity": 18,
            "is_renting": True,
            "is_returning": True,
            "bikes_available": 12,
            "docks_available": 6,
        }


class NearestEndOutput(serializers.Serializer[Any]):
    station = StationReferenceOutput(allow_null=True, help_text=_("Null where it is a point in the street."))
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    distance_m = serializers.FloatField()

    class Meta:
        ref_name = "NearestEnd"
        example = {"latitude": 59.93, "longitude": 30.313025, "distance_m": 310.5}


# For the document: the examples are rows of the demo city.
BIKE_IN_PATH = {"bike_id": BikeOutput.Meta.example["id"]}
STATION_IN_PATH = {"station_id": StationReferenceOutput.Meta.example["id"]}
