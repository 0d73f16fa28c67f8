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


class ReportNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "not_found"
    detail = _("There is nothing here.")


class UploadNotFoundError(Refusal):
    """Also where it is another's, or for another bike or report."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    detail = _("There is nothing here.")


class PhotoRefusal(FieldRefusal):
    field = "photo"


class PhotoMissingError(PhotoRefusal):
    field_code = "missing"
    field_detail = _("Nothing has been uploaded yet: send the form to its url first.")


class PhotoExpiredError(PhotoRefusal):
    field_code = "expired"
    field_detail = _("The time for this upload is over. Begin a new one.")


class PhotoEmptyError(PhotoRefusal):
    field_code = "empty"
    field_detail = _("The file is empty.")


class PhotoInvalidError(PhotoRefusal):
    field_code = "invalid"
    field_detail = _("This is not a JPEG or PNG photo, or it is something else as well.")


class PhotoDamagedError(PhotoRefusal):
    field_code = "damaged"
    field_detail = _("The photo is damaged or cut short.")


class PhotoPixelsError(PhotoRefusal):
    field_code = "too_many_pixels"
    field_detail = _("The photo has too many pixels. A JPEG may have 65 million, a progressive one 12, a PNG 10.")


class PhotoAnimatedError(PhotoRefusal):
    field_code = "animated"
    field_detail = _("The photo moves; send one picture.")


class PhotoTooLargeError(PhotoRefusal):
    field_code = "too_large"
    field_detail = _("The photo is larger than 5 MiB.")


class PhotoAttemptsError(PhotoRefusal):
    """What killed its worker in every attempt."""

    field_code = "attempts_exhausted"
    field_detail = _("The photo could not be prepared. Send another one.")


PHOTO_REFUSALS = {
    refusal.field_code: refusal
    for refusal in (
        PhotoExpiredError,
        PhotoMissingError,
        PhotoEmptyError,
        PhotoInvalidError,
        PhotoDamagedError,
        PhotoPixelsError,
        PhotoAnimatedError,
        PhotoTooLargeError,
        PhotoAttemptsError,
    )
}


class PlaceRefusedError(FieldRefusal):
    """No bike of ours can be there: the coordinates are swapped, made up or another city's."""

    field = "latitude"
    further_fields = ("longitude",)
    field_code = "invalid"
    field_detail = _("This place is outside of the area that the service covers. Check latitude and longitude.")
