"""The storage of photos, behind a Protocol: a bucket, or a folder on a machine without one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.core.signing import TimestampSigner

from bikerental.core.storage import MediaStorage, StorageUnavailableError, media_storage, storage_errors
from bikerental.fleet.constants import PHOTO_BYTES_MAX, UPLOAD_TIME
from bikerental.fleet.exceptions import PhotoMissingError, PhotoTooLargeError
from bikerental.fleet.types import UploadForm

RAW_TYPE = "application/octet-stream"  # nothing raw is ever shown as what it says it is
WEBP_TYPE = "image/webp"
# Published names are never used again; a signed URL changes every half hour.
CACHE_CONTROL = "private, max-age=3600, immutable"
LOCAL_SALT = "photo-upload"


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


class S3Photos:
    def __init__(self, storage: MediaStorage) -> None:
        self.bucket: str = storage.bucket_name
        self.client: Any = storage.connection.meta.client

    def upload_form(self, key: str) -> UploadForm:
        conditions = [["content-length-range", 1, PHOTO_BYTES_MAX], {"Content-Type": RAW_TYPE}]
        with storage_errors():
            # Making the form asks nobody; whether S3 is there, the client learns now and not after sending.
            self.client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
            form = self.client.generate_presigned_post(
                Bucket=self.bucket,
                Key=key,
                Fields={"Content-Type": RAW_TYPE},
                Conditions=conditions,
                ExpiresIn=int(UPLOAD_TIME.total_seconds()),
            )
        return UploadForm(form["url"], form["fields"])

    def fetch(self, key: str) -> bytes:
        with storage_errors():
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=key)
            except self.client.exceptions.NoSuchKey as error:
                raise PhotoMissingError from error
            with answer["Body"] as body:
                if answer["ContentLength"] > PHOTO_BYTES_MAX:
                    raise PhotoTooLargeError
                data: bytes = body.read()
                return data

    def put(self, key: str, data: bytes, content_type: str) -> None:
        with storage_errors():
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                CacheControl=CACHE_CONTROL,
                IfNoneMatch="*",
            )

    def delete(self, key: str) -> None:
        with storage_errors():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def older_than(self, prefix: str, moment: datetime) -> Iterator[str]:
        with storage_errors():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                yield from (entry["Key"] for entry in page.get("Contents", []) if entry["LastModified"] < moment)


class FolderPhotos:
    """Media in a folder. A form is taken by `config/local_media.py`, which only the local settings serve."""

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


def photo_store() -> PhotoStore:
    bucket = media_storage()
    return FolderPhotos(default_storage) if bucket is None else S3Photos(bucket)
