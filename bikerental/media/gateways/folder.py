"""Photos in a folder, on a machine without S3."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.core.signing import TimestampSigner

from bikerental.media.constants import PHOTO_BYTES_MAX, RAW_TYPE
from bikerental.media.exceptions import PhotoMissingError, PhotoTooLargeError
from bikerental.media.storage import StorageUnavailableError
from bikerental.media.types import UploadForm

LOCAL_SALT = "photo-upload"


class FolderPhotos:
    """Media in a folder. `config/folder_media.py` receives the forms, under the local settings only."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def upload_form(self, key: str) -> UploadForm:
        if not settings.MEDIA_SERVED:
            raise StorageUnavailableError("not_set_up")
        signature = TimestampSigner(salt=LOCAL_SALT).sign(key)
        return UploadForm(settings.MEDIA_URL, {"key": key, "Content-Type": RAW_TYPE, "signature": signature})

    def fetch(self, key: str) -> bytes:
        if not self.storage.exists(key):
            raise PhotoMissingError
        if self.storage.size(key) > PHOTO_BYTES_MAX:
            raise PhotoTooLargeError
        with self.storage.open(key) as file:
            data: bytes = file.read()
            return data

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.storage.save(key, ContentFile(data))

    def delete(self, key: str) -> None:
        self.storage.delete(key)

    def older_than(self, prefix: str, moment: datetime) -> Iterator[str]:
        if not self.storage.exists(prefix):
            return
        for name in self.storage.listdir(prefix)[1]:
            if self.storage.get_modified_time(prefix + name) < moment:
                yield prefix + name
