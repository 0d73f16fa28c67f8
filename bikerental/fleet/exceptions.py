"""The refusals of the fleet app."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal
from bikerental.fleet.types import NearestEnd


class BikeNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "bike_not_found"
    detail = _("There is no such bike.")


class StationNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "station_not_found"
    detail = _("There is no such station.")


class StationClosedError(Refusal):
    """The station takes no returns. `nearest` is the nearest station that does, if there is one."""

    kind = Kind.CONFLICT
    code = "station_closed"
    detail = _("This station takes no bikes at the moment. Return the bike at another one.")

    def __init__(self, nearest: NearestEnd | None = None) -> None:
        super().__init__()
        self.nearest = nearest

    def members(self) -> dict[str, Any]:
        return {"nearest": self.nearest and self.nearest.as_json()}


class BikeUnavailableError(Refusal):
    """The bike cannot be taken now: it is ridden, reserved, in maintenance, or at a station that lends none."""

    kind = Kind.CONFLICT
    code = "bike_unavailable"
    detail = _("This bike is not available.")


class TransitionRefusedError(BikeUnavailableError):
    """The table of states has no such move from the bike's state."""

    detail = _("The state of this bike does not allow that.")


class BikeRiddenError(TransitionRefusedError):
    detail = _("This bike is being ridden now. Nothing was changed.")


class BikeReservedError(TransitionRefusedError):
    detail = _("A rider has reserved this bike. Nothing was changed.")


class StationChangedError(Refusal):
    """A field has another value than the caller saw, or the station is gone."""

    kind = Kind.CONFLICT
    code = "station_changed"
    detail = _("Somebody has changed this station since you opened it. Open it again. Nothing was changed.")


class BikeMovedError(Refusal):
    """It is not where the caller saw it."""

    kind = Kind.CONFLICT
    code = "bike_moved"
    detail = _("This bike is at another place since you looked. Nothing was changed.")


class PlaceRefusedError(FieldRefusal):
    """None of our bikes can be there: the coordinates are swapped, invented or in another city."""

    field = "latitude"
    further_fields = ("longitude",)
    field_code = "invalid"
    field_detail = _("This place is outside of the area that the service covers. Check latitude and longitude.")


class FleetChangedError(Refusal):
    """Another operator has added or deleted something that the file names."""

    kind = Kind.CONFLICT
    code = "fleet_changed"
    detail = _("Bikes or stations of this file were added or deleted meanwhile. Nothing was written: check it again.")


class FleetBusyError(Refusal):
    kind = Kind.CONFLICT
    code = "fleet_busy"
    detail = _("Another file is being loaded now. Nothing was written: try again in a minute.")
