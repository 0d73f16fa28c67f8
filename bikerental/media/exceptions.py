"""Reasons why a picture is refused."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal


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
    field_detail = _("This is not a JPEG or PNG photo, or the file contains something besides a photo.")


class PhotoDamagedError(PhotoRefusal):
    field_code = "damaged"
    field_detail = _("The photo is damaged or cut short.")


class PhotoPixelsError(PhotoRefusal):
    field_code = "too_many_pixels"
    field_detail = _("The photo has too many pixels. A JPEG may have 65 million, a progressive one 12, a PNG 10.")


class PhotoAnimatedError(PhotoRefusal):
    field_code = "animated"
    field_detail = _("The picture is animated. Send a still photo.")


class PhotoTooLargeError(PhotoRefusal):
    field_code = "too_large"
    field_detail = _("The photo is larger than 5 MiB.")


class PhotoAttemptsError(PhotoRefusal):
    """The worker died in every attempt to prepare the photo."""

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
