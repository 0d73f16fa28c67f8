"""JSON bodies, and fields that accept only their own JSON type; DRF's fields convert other types."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers


class Body(serializers.Serializer[Any]):
    """The body of a request. `null` for an optional field means that it is absent: clients in C#, Dart and Kotlin send
    all their fields.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            absent = {name for name, field in self.fields.items() if not field.required and data.get(name) is None}
            data = {name: value for name, value in data.items() if name not in absent}
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """A UUID as text. DRF would also accept a number or true."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A text. A number is refused instead of converted."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TruthField(serializers.BooleanField):
    """True or false. A text or a number is refused instead of converted."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class RealField(serializers.FloatField):
    """A number. A text of digits or a boolean is refused."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)
