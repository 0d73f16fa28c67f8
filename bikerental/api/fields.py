"""Fields of a JSON body that take no other type for theirs, as DRF's own do."""

from typing import Any

from rest_framework import serializers


class TextField(serializers.CharField):
    """A text, and no number that would become one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class RealField(serializers.FloatField):
    """A number, and neither a text of digits nor a truth value."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)
