"""The refusals of the zones app."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal
from bikerental.fleet.types import NearestEnd
from bikerental.zones.constants import ReturnReason


class ShapeInvalidError(FieldRefusal):
    """The shape cannot be a zone. The detail says why."""

    field = "shape"
    field_code = "invalid"

    def __init__(self, sentence: str | Promise, **values: Any) -> None:
        super().__init__()
        self.field_detail = str(sentence) % values  # type: ignore[misc] # each drawing is wrong in its own way


class TooManyZonesError(FieldRefusal):
    """More zones or points than ACTIVE_MAX and ACTIVE_POINTS_MAX."""

    field = "is_active"
    field_code = "too_many"
    field_detail = _("At most 1,000 zones with 1,000,000 points together can be active. End others first.")


class ReturnNotAllowedError(Refusal):
    """A ride may not end at this position. `nearest` is the nearest place where it may, if there is one."""

    kind = Kind.CONFLICT
    code = "return_not_allowed"
    detail = _("A ride may not end here. Return the bike at a station, or where the map allows it.")

    def __init__(self, reason: ReturnReason, nearest: NearestEnd | None) -> None:
        super().__init__()
        self.reason = reason
        self.nearest = nearest

    def members(self) -> dict[str, Any]:
        return {"reason": self.reason.value, "nearest": self.nearest and self.nearest.as_json()}


class ZoneChangedError(Refusal):
    """Somebody else has changed or deleted the zone since it was shown."""

    kind = Kind.CONFLICT
    code = "zone_changed"
    detail = _("Somebody has changed this zone since you opened it. Open it again. Nothing was changed.")
