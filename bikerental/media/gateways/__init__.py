"""The storage of photos, behind a Protocol: a bucket, or a folder on a machine without one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from django.core.files.storage import storages

from bikerental.media.storage import is_bucket
from bikerental.media.types import UploadForm


class PhotoStore(Protocol):
    """Each call is bounded by the client's timeouts, and raises StorageUnavailableError."""

    def upload_form(self, key: str) -> UploadForm:
        """A form with which a client sends one file of up to PHOTO_BYTES_MAX to this key within UPLOAD_TIME."""

    def fetch(self, key: str) -> bytes:
        """
        :raises PhotoMissingError: if there is none
        :raises PhotoTooLargeError: before it is read
        """

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Never overwrites."""

    def delete(self, key: str) -> None: ...

    def older_than(self, prefix: str, moment: datetime) -> Iterator[str]: ...


def photo_store() -> PhotoStore:
    storage = storages["default"]
    if is_bucket():
        from bikerental.media.gateways.s3 import S3Photos  # brings the AWS client

        return S3Photos(storage)  # type: ignore[arg-type] # by its name
    from bikerental.media.gateways.folder import FolderPhotos

    return FolderPhotos(storage)
