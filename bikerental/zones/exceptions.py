"""What the zones app refuses."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal


class ShapeInvalidError(FieldRefusal):
    """A drawing that is no zone; the detail says why."""

    field = "shape"
    field_code = "invalid"

    def __init__(self, sentence: str | Promise, **values: Any) -> None:
        super().__init__()
        self.field_detail = str(sentence) % values  # type: ignore[misc] # each drawing is wrong in its own way


class TooManyZonesError(FieldRefusal):
    """ACTIVE_MAX and ACTIVE_POINTS_MAX."""

    field = "is_active"
    field_code = "too_many"
    field_detail = _("At most 1,000 zones with 1,000,000 points together can be active. End others first.")
