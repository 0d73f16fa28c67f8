"""The declared shape of the zones' response."""

from typing import Any

from rest_framework import serializers

from bikerental.zones.constants import ZoneKind


class ZonePropertiesOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=ZoneKind.choices)
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ZoneProperties"
        example = {"name": "Summer Garden", "kind": "no_return", "valid_from": None, "valid_until": None}


def _array_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


class CoordinatesField(serializers.JSONField):
    class Meta:
        # Rings of points, with one more level for a MultiPolygon. Swagger 2.0 has no "oneOf".
        swagger_schema_fields = _array_of(_array_of(_array_of({})))


class ZoneGeometryOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["Polygon", "MultiPolygon"])
    coordinates = CoordinatesField()

    class Meta:
        ref_name = "ZoneGeometry"
        example = {
            "type": "Polygon",
            "coordinates": [[[30.33, 59.94], [30.34, 59.94], [30.34, 59.95], [30.33, 59.95], [30.33, 59.94]]],
        }


class ZoneOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["Feature"])
    id = serializers.UUIDField()
    properties = ZonePropertiesOutput()
    geometry = ZoneGeometryOutput()

    class Meta:
        ref_name = "Zone"
        example = {"type": "Feature", "id": "01a20844-d8c1-7b33-9d05-2c7e4f8a6b10"}


class ZonesOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["FeatureCollection"])
    features = ZoneOutput(many=True)

    class Meta:
        ref_name = "Zones"
        example = {"type": "FeatureCollection"}
