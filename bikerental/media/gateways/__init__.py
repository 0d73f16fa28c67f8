"""The storage of photos as a Protocol: a bucket, or a folder on a machine without one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from django.core.files.storage import storages

from bikerental.media.storage import is_bucket
from bikerental.media.types import UploadForm


class PhotoStore(Protocol):
    """The client's timeouts bound each call. Each may raise StorageUnavailableError."""

    def upload_form(self, key: str) -> UploadForm:
        """A form with which a client uploads one file of up to PHOTO_BYTES_MAX to this key within UPLOAD_TIME."""

    def fetch(self, key: str) -> bytes:
        """:raises PhotoMissingError: if there is no such file
        :raises PhotoTooLargeError: before the file is read"""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store the data. An existing file is never overwritten."""

    def delete(self, key: str) -> None: ...

    def older_than(self, prefix: str, moment: datetime) -> Iterator[str]: ...


def photo_store() -> PhotoStore:
    storage = storages["default"]
    if is_bucket():
        from bikerental.media.gateways.s3 import S3Photos  # imports the AWS client

        return S3Photos(storage)  # type: ignore[arg-type] # by its name
    from bikerental.media.gateways.folder import FolderPhotos

    return FolderPhotos(storage)
