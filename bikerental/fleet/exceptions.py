"""What the fleet app refuses."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal


class BikeNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "bike_not_found"
    detail = _("There is no such bike.")


class StationNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "station_not_found"
    detail = _("There is no such station.")


class BikeUnavailableError(Refusal):
    """Not to be had now: ridden, reserved or in maintenance."""

    kind = Kind.CONFLICT
    code = "bike_unavailable"
    detail = _("This bike is not available.")


class PhotoInvalidError(FieldRefusal):
    field = "photo"
    field_code = "invalid"
    field_detail = _("This is not a JPEG photo, or it is damaged or has too many pixels.")


class PhotoTooLargeError(FieldRefusal):
    field = "photo"
    field_code = "too_large"
    field_detail = _("The photo is larger than 5 MiB.")
