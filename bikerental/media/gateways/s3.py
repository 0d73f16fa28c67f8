"""Photos in a bucket."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bikerental.media.constants import (
    CACHE_CONTROL,
    PHOTO_BYTES_MAX,
    RAW_TYPE,
    UPLOAD_TIME,
)
from bikerental.media.exceptions import PhotoMissingError, PhotoTooLargeError
from bikerental.media.s3 import MediaStorage
from bikerental.media.types import UploadForm


class S3Photos:
    def __init__(self, storage: MediaStorage) -> None:
        self.guarded_call = storage.guarded_call
        self.bucket: str = storage.bucket_name
        self.client: Any = storage.connection.meta.client

    def upload_form(self, key: str) -> UploadForm:
        conditions = [["content-length-range", 1, PHOTO_BYTES_MAX], {"Content-Type": RAW_TYPE}]
        with self.guarded_call():
            # Signing the form needs no request to S3. This call checks that S3 is there before the client sends its
            # file.
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
        with self.guarded_call():
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
        with self.guarded_call():
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                CacheControl=CACHE_CONTROL,
                IfNoneMatch="*",
            )

    def delete(self, key: str) -> None:
        with self.guarded_call():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def older_than(self, prefix: str, moment: datetime) -> Iterator[str]:
        pages = iter(self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix))
        while True:
            with self.guarded_call():  # only while the page is read: whoever gets a key may call S3 in turn
                page = next(pages, None)
            if page is None:
                return
            yield from (entry["Key"] for entry in page.get("Contents", []) if entry["LastModified"] < moment)
