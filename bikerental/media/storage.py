"""The photo storage as the rest of the product sees it, and the error when it cannot be reached."""

from django.conf import settings
from django.core.files.storage import storages
from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import UnavailableError

S3_BACKEND = "bikerental.media.s3.MediaStorage"
HINTS = {
    "bucket_missing": "There is no such bucket: check AWS_STORAGE_BUCKET_NAME and AWS_S3_REGION_NAME.",
    "credentials_refused": "The role or the keys are missing, wrong, or may not do this: check the instance's role.",
    "clock_skewed": "This machine's clock is more than 15 minutes off: check its time synchronisation.",
    "busy": "S3 is overloaded: the call may be repeated later.",
    "unreachable": "S3 does not answer: check the network and AWS_S3_ENDPOINT_URL.",
    "not_set_up": "Riders' uploads need a bucket: set AWS_STORAGE_BUCKET_NAME.",
}


class StorageUnavailableError(UnavailableError):
    """A call to the photo storage failed. `reason` is a key of HINTS, for the log and not for the client."""

    detail = _("The photo storage is unavailable for a moment. Rides are not affected. Try again.")
    retry_after = 30.0

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}: {HINTS[self.reason]}"


def is_bucket() -> bool:
    """Whether media is on S3; otherwise it is in a folder."""
    return bool(settings.STORAGES["default"]["BACKEND"] == S3_BACKEND)


def media_origin() -> str | None:
    """The origin of photos for a browser's policies; None if the service itself serves them."""
    return storages["default"].origin if is_bucket() else None  # type: ignore[attr-defined] # by its name
