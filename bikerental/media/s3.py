"""Media on S3: a private bucket, signed URLs that stay the same for a while, and errors that name the reason.

Import it only where a bucket is set up: the AWS client takes 7 MiB in each process.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from boto3.exceptions import Boto3Error
from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from storages.backends.s3 import S3Storage

from bikerental.media.constants import URL_SECONDS, URL_WINDOW_SECONDS, URLS_KEPT
from bikerental.media.storage import StorageUnavailableError

logger = logging.getLogger(__name__)

# After a call to S3 has timed out, one call in this many seconds tries S3 again and the others are refused at once. A
# waiting call holds a thread, and rides need the threads.
RETRY_SECONDS = 10.0
_REASONS = {
    "NoSuchBucket": "bucket_missing",
    "InvalidAccessKeyId": "credentials_refused",
    "SignatureDoesNotMatch": "credentials_refused",
    "InvalidToken": "credentials_refused",
    "ExpiredToken": "credentials_refused",
    "AccessDenied": "credentials_refused",
    "RequestTimeTooSkewed": "clock_skewed",
    "SlowDown": "busy",
    "ServiceUnavailable": "busy",
    "InternalError": "busy",
    "403": "credentials_refused",
}
UNREACHABLE = "unreachable"
TRANSIENT = {"busy", UNREACHABLE}


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn errors of S3 and its client into one refusal with a reason.

    :raises StorageUnavailableError: for every error that the storage causes; others, such as a missing object, are
        raised unchanged
    """
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        reason = _reason(error)
        if reason is None:
            raise
        unavailable = StorageUnavailableError(reason)
        log = logger.warning if reason in TRANSIENT else logger.error  # the others need an operator
        log("A call to the photo storage failed: %s", unavailable)
        raise unavailable from error


def _reason(error: Exception) -> str | None:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "credentials_refused"
    if not isinstance(error, ClientError):
        cause = error.__cause__ or error.__context__
        return _reason(cause) if isinstance(cause, ClientError) else UNREACHABLE
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _REASONS.get(error.response["Error"].get("Code", ""), "busy" if status >= 500 else None)


class MediaStorage(S3Storage):
    """The S3 storage of django-storages, with URLs that stay the same for a while.

    Its `exists` distinguishes a missing object from a missing bucket.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._url_of_window = lru_cache(maxsize=URLS_KEPT)(self._sign)
        self._retry_lock = threading.Lock()
        self._retry_at: float | None = None  # monotonic time; None while S3 answers

    @contextmanager
    def guarded_call(self) -> Iterator[None]:
        """Wrap each call of S3. Do not nest.

        :raises StorageUnavailableError: as `storage_errors`; at once while S3 does not answer
        """
        self._admit()
        retry_at = None
        try:
            with storage_errors():
                yield
        except StorageUnavailableError as error:
            if error.reason == UNREACHABLE:
                retry_at = monotonic() + RETRY_SECONDS
            raise
        finally:
            self._retry_at = retry_at

    def _admit(self) -> None:
        with self._retry_lock:
            if self._retry_at is None:
                return
            now = monotonic()
            if now < self._retry_at:
                raise StorageUnavailableError(UNREACHABLE)
            self._retry_at = now + RETRY_SECONDS  # this call waits for S3; the others are refused

    def exists(self, name: str) -> bool:
        # HEAD answers 404 both for a missing object and for a missing bucket.
        key = self._normalize_name(name)
        with self.guarded_call():
            found = self.connection.meta.client.list_objects_v2(Bucket=self.bucket_name, Prefix=key, MaxKeys=1)
        return any(entry["Key"] == key for entry in found.get("Contents", []))

    def delete(self, name: str) -> None:
        # django-storages treats a missing bucket as a missing object, which needs no deleting.
        with self.guarded_call():
            self.connection.meta.client.delete_object(Bucket=self.bucket_name, Key=self._normalize_name(name))

    def size(self, name: str) -> int:
        with self._object_errors(name):
            size: int = super().size(name)
            return size

    def _open(self, name: str, mode: str = "rb") -> Any:
        with self._object_errors(name):
            return super()._open(name, mode)

    @contextmanager
    def _object_errors(self, name: str) -> Iterator[None]:
        try:
            with self.guarded_call():
                yield
        except FileNotFoundError:
            self.exists(name)  # raises the right error if the bucket is missing
            raise

    def _save(self, name: str, content: Any) -> str:
        with self.guarded_call():
            saved: str = super()._save(name, content)
            return saved

    def url(self, name: str, parameters: Any = None, expire: int | None = None, http_method: str | None = None) -> str:
        """The same URL for half an hour, from every process. It stays valid for at least half an hour more.

        It is signed here without a request to S3 and cached, because a list names the same photos again and again. If
        an instance's role signed it, it expires with the role's credentials, if these expire sooner.
        """
        if parameters or expire or http_method:
            custom: str = super().url(name, parameters, expire, http_method)
            return custom
        with storage_errors():
            credentials = self._credentials.get_frozen_credentials()
        return self._url_of_window(name, int(time.time()) // URL_WINDOW_SECONDS, credentials)

    def _sign(self, name: str, window: int, credentials: Any) -> str:
        request = AWSRequest(method="GET", url=self._base + self._quoted(name))
        region = self.connection.meta.client.meta.region_name
        signed_at = datetime.fromtimestamp(window * URL_WINDOW_SECONDS, UTC)
        _AuthAt(credentials, region, signed_at).add_auth(request)
        return str(request.url)

    @cached_property
    def _credentials(self) -> Any:
        credentials = self.connection.meta.client._get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials

    @cached_property
    def _base(self) -> str:
        """The address before an object's name. The client decides whether the bucket is in the host or in the path."""
        params = {"Bucket": self.bucket_name, "Key": "-"}
        url: str = self.unsigned_connection.meta.client.generate_presigned_url("get_object", Params=params)
        return url.partition("?")[0].removesuffix("-")

    @cached_property
    def origin(self) -> str:
        """Scheme and host of every URL."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self._base))

    def _quoted(self, name: str) -> str:
        # We choose the names: letters, digits, slashes, dots and dashes, which need no quoting.
        return str(self._normalize_name(name))


class _AuthAt(S3SigV4QueryAuth):
    """Signs a URL with a given time; botocore would use the current time."""

    def __init__(self, credentials: Any, region: str, signed_at: datetime) -> None:
        super().__init__(credentials, "s3", region, expires=URL_SECONDS)
        self._signed_at = signed_at

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._signed_at.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(to_sign, request))
