"""The product's use of S3, tested with moto's server.

moto checks the signature of a request's header. It does not check signed URLs and forms, their time, a form's policy
or a clock. For these, the tests check what S3 would get: the URL equals, byte for byte, the one that botocore signs at
that time; the policy is read; and a wrong clock is played by a server with S3's documented answer.
"""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError
from django.core.files.base import ContentFile

from bikerental.media import s3 as s3_module
from bikerental.media.constants import PHOTO_BYTES_MAX, RAW_TYPE, URL_WINDOW_SECONDS
from bikerental.media.exceptions import PhotoMissingError, PhotoTooLargeError
from bikerental.media.gateways.s3 import S3Photos
from bikerental.media.s3 import RETRY_SECONDS, MediaStorage
from bikerental.media.storage import StorageUnavailableError
from tests.s3 import NO_PATIENCE, S3
from tests.support.serving import serving
from tests.support.threads import at_once

CALLS: dict[str, Callable[[MediaStorage], Any]] = {
    "save": lambda storage: storage.save("bikes/1.webp", ContentFile(b"1")),
    "exists": lambda storage: storage.exists("bikes/1.webp"),
    "open": lambda storage: storage.open("bikes/1.webp").read(),
    "size": lambda storage: storage.size("bikes/1.webp"),
    "delete": lambda storage: storage.delete("bikes/1.webp"),
    "fetch": lambda storage: S3Photos(storage).fetch("bikes/1.webp"),
    "put": lambda storage: S3Photos(storage).put("bikes/1.webp", b"1", "image/webp"),
    "upload form": lambda storage: S3Photos(storage).upload_form("uploads/1"),
    "list": lambda storage: list(S3Photos(storage).older_than("bikes/", datetime.now(UTC))),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
def storage(s3: S3) -> MediaStorage:
    return s3.storage(s3.new_bucket())


def read(storage: MediaStorage, name: str) -> bytes:
    with storage.open(name) as file:
        data: bytes = file.read()
        return data


def at(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr(s3_module.time, "time", lambda: moment)


def test_a_saved_file_is_read_back(storage: MediaStorage) -> None:
    name = storage.save("bikes/1.webp", ContentFile(b"picture"))

    assert read(storage, name) == b"picture"
    assert storage.size(name) == 7


def test_the_same_name_twice_gives_two_keys(storage: MediaStorage) -> None:
    first = storage.save("bikes/1.webp", ContentFile(b"first"))
    second = storage.save("bikes/1.webp", ContentFile(b"second"))

    assert first != second
    assert (read(storage, first), read(storage, second)) == (b"first", b"second")


def test_a_published_name_is_never_written_again(storage: MediaStorage) -> None:
    photos = S3Photos(storage)
    photos.put("bikes/1.webp", b"first", "image/webp")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        photos.put("bikes/1.webp", b"second", "image/webp")

    assert photos.fetch("bikes/1.webp") == b"first"


def test_a_large_file_survives_its_parts(storage: MediaStorage) -> None:
    data = bytes(range(256)) * (12 * 4096)  # 12 MiB: more than one part of a multipart upload

    name = storage.save("uploads/large", ContentFile(data))

    assert storage.size(name) == len(data)
    assert read(storage, name) == data


def test_a_file_beyond_the_cap_is_refused_before_it_is_read(storage: MediaStorage) -> None:
    storage.save("uploads/large", ContentFile(bytes(PHOTO_BYTES_MAX + 1)))

    with pytest.raises(PhotoTooLargeError):
        S3Photos(storage).fetch("uploads/large")


def test_deleting_makes_an_object_not_exist(storage: MediaStorage) -> None:
    name = storage.save("bikes/1.webp", ContentFile(b"1"))
    storage.save("bikes/1.webp.old", ContentFile(b"1"))
    assert storage.exists(name)

    storage.delete(name)
    storage.delete(name)

    assert not storage.exists(name)
    with pytest.raises(FileNotFoundError):
        storage.open(name)
    with pytest.raises(PhotoMissingError):
        S3Photos(storage).fetch(name)


def test_nobody_reads_without_a_signature(storage: MediaStorage) -> None:
    url = storage.url(storage.save("bikes/1.webp", ContentFile(b"1")))

    assert requests.get(url, timeout=10).content == b"1"
    assert requests.get(url.partition("?")[0], timeout=10).status_code == 403


def test_a_url_is_signed_as_botocore_would_at_the_half_hour(
    storage: MediaStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: began.replace(tzinfo=None))
    params = {"Bucket": storage.bucket_name, "Key": "bikes/1.webp"}
    botocores = storage.connection.meta.client.generate_presigned_url("get_object", Params=params, ExpiresIn=3600)
    at(monkeypatch, (began + timedelta(minutes=29, seconds=59)).timestamp())

    ours = storage.url("bikes/1.webp")

    assert urlsplit(ours)[:3] == urlsplit(botocores)[:3]
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(botocores).query)


def test_a_url_is_the_same_in_the_half_hour_in_each_process(
    s3: S3, storage: MediaStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = datetime(2026, 6, 15, 12, 30, tzinfo=UTC).timestamp()
    another_process = s3.storage(storage.bucket_name)
    at(monkeypatch, began)
    url = storage.url("bikes/1.webp")

    at(monkeypatch, began + URL_WINDOW_SECONDS - 1)
    assert storage.url("bikes/1.webp") == url
    assert another_process.url("bikes/1.webp") == url

    at(monkeypatch, began + URL_WINDOW_SECONDS)
    assert storage.url("bikes/1.webp") != url


@pytest.mark.parametrize("second", [0, 1, 899, 1799])
def test_a_url_lasts_half_an_hour_to_an_hour(
    storage: MediaStorage, monkeypatch: pytest.MonkeyPatch, second: int
) -> None:
    now = datetime(2026, 6, 15, 12, 30, tzinfo=UTC).timestamp() + second
    at(monkeypatch, now)

    query = parse_qs(urlsplit(storage.url("bikes/1.webp")).query)

    signed_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    assert now + 1800 < signed_at + int(query["X-Amz-Expires"][0]) <= now + 3600


def test_a_form_takes_one_key_a_bounded_file_and_ten_minutes(storage: MediaStorage) -> None:
    before = datetime.now(UTC)

    form = S3Photos(storage).upload_form("uploads/1")

    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert {"key": "uploads/1"} in policy["conditions"]
    assert {"bucket": storage.bucket_name} in policy["conditions"]
    assert {"Content-Type": RAW_TYPE} in policy["conditions"]
    assert ["content-length-range", 1, PHOTO_BYTES_MAX] in policy["conditions"]
    expires = datetime.fromisoformat(policy["expiration"]) - before
    assert timedelta(minutes=9, seconds=59) <= expires <= timedelta(minutes=10, seconds=30)
    sent = requests.post(form.url, data=form.fields, files={"file": b"picture"}, timeout=10)
    assert sent.status_code == 204
    assert S3Photos(storage).fetch("uploads/1") == b"picture"


@each_call
def test_a_missing_bucket_is_named(s3: S3, call: Callable[[MediaStorage], Any]) -> None:
    with pytest.raises(StorageUnavailableError, match="bucket_missing"):
        call(s3.storage("no-such-bucket"))


@each_call
@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_named(
    strict_s3: S3, strict_bucket: str, call: Callable[[MediaStorage], Any], wrong: str
) -> None:
    with pytest.raises(StorageUnavailableError, match="credentials_refused"):
        call(strict_s3.storage(strict_bucket, **{wrong: "AKIAWRONGWRONGWRONG0"}))


@each_call
def test_no_credentials_are_named(s3: S3, call: Callable[[MediaStorage], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(StorageUnavailableError, match="credentials_refused"):
        call(s3.storage("media", access_key=None, secret_key=None))


def test_a_url_without_credentials_is_refused_too(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(StorageUnavailableError, match="credentials_refused"):
        s3.storage("media", access_key=None, secret_key=None).url("bikes/1.webp")


class SkewedClock(BaseHTTPRequestHandler):
    """S3's answer to a request whose time differs from its own by more than 15 minutes."""

    BODY = (
        b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>RequestTimeTooSkewed</Code>'
        b"<Message>The difference between the request time and the server's time is too large.</Message></Error>"
    )

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(403)
        self.send_header("Content-Length", str(len(self.BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.BODY)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _answer  # noqa: N815 - the base class's names

    def log_message(self, *_args: Any) -> None: ...


@pytest.fixture
def skewed(s3: S3) -> Iterator[MediaStorage]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), SkewedClock)) as server:
        yield s3.storage("media", endpoint_url=f"http://127.0.0.1:{server.server_port}")


@each_call
def test_a_wrong_clock_is_named(
    skewed: MediaStorage, call: Callable[[MediaStorage], Any], request: pytest.FixtureRequest
) -> None:
    # The answer to a HEAD has no body with a reason: it is a 403 like any other.
    reason = "credentials_refused" if request.node.callspec.id in ("open", "size") else "clock_skewed"

    with pytest.raises(StorageUnavailableError, match=reason):
        call(skewed)


@each_call
def test_nobody_there_is_named(s3: S3, call: Callable[[MediaStorage], Any]) -> None:
    with pytest.raises(StorageUnavailableError, match="unreachable"):
        call(s3.storage("media", endpoint_url="http://127.0.0.1:1"))


class Silent:
    """Accepts connections and does not answer. It counts them."""

    def __init__(self) -> None:
        self.connections: list[socket.socket] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):  # closed
            while True:
                self.connections.append(self.socket.accept()[0])

    def close(self) -> None:
        self.socket.close()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.close()


def test_one_caller_waits_for_a_silent_s3_others_are_refused(
    s3: S3, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = NO_PATIENCE.merge(Config(read_timeout=0.5))
    storage = s3.storage(s3.new_bucket(), endpoint_url=silent.url, client_config=impatient)

    def ask(_number: int) -> str:
        with pytest.raises(StorageUnavailableError) as caught:
            S3Photos(storage).upload_form("uploads/1")
        return caught.value.reason

    assert ask(0) == "unreachable"
    assert set(at_once(ask, times=8)) == {"unreachable"}
    assert len(silent.connections) == 1
    later = time.monotonic() + RETRY_SECONDS
    monkeypatch.setattr(s3_module, "monotonic", lambda: later)
    assert set(at_once(ask, times=8)) == {"unreachable"}
    assert len(silent.connections) == 2


def test_s3_that_is_back_is_asked_by_all(s3: S3, storage: MediaStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(storage.connection.meta.client, "list_objects_v2", _no_answer)
        with pytest.raises(StorageUnavailableError):
            storage.exists("bikes/1.webp")
    with pytest.raises(StorageUnavailableError):
        storage.exists("bikes/1.webp")

    later = time.monotonic() + RETRY_SECONDS
    monkeypatch.setattr(s3_module, "monotonic", lambda: later)

    assert not storage.exists("bikes/1.webp")
    assert not storage.exists("bikes/1.webp")


def _no_answer(**_arguments: Any) -> None:
    raise ConnectTimeoutError(endpoint_url="")
