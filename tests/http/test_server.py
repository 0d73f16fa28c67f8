"""Tests that need a real server: bodies on the wire, and a refusal as a client gets it."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.live import web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LOGIN = "/api/v1/auth/token/"
MIB = 1024 * 1024
BODY_LATE_SECONDS = 0.3
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with web_server(tmp_path / "web.log", processes=1) as address:
        yield address


def test_odd_bodies_on_the_wire(address: str) -> None:
    """One server for all, because its start takes longer than the requests."""
    ten_mebibytes_are_a_413_and_no_reset(address)
    ten_chunked_mebibytes_are_a_413(address)
    a_chunked_body_is_read(address)
    an_unfinished_body_does_no_harm(address)
    a_connection_outlives_a_refusal_that_is_ready_before_the_body(address)
    odd_bytes_are_a_4xx(address)
    an_answer_says_its_length(address)


def ten_mebibytes_are_a_413_and_no_reset(address: str) -> None:
    for path in (LOGIN, "/api/v1/rentals/", "/api/v1/nothing/"):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        # The whole body is sent before anything is read, as simple clients do.
        connection.request("POST", path, b"x" * (10 * MIB), JSON)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
        connection.close()


def ten_chunked_mebibytes_are_a_413(address: str) -> None:
    chunks = (b"x" * 65536 for _ in range(160))

    answer = requests.post(f"{address}{LOGIN}", data=chunks, headers=JSON, timeout=20)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def a_chunked_body_is_read(address: str) -> None:
    body = json.dumps({"email": "nobody@example.org", "password": "wrong-horse-7"}).encode()

    answer = requests.post(f"{address}{LOGIN}", data=iter([body[:10], body[10:]]), headers=JSON, timeout=20)

    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_invalid")


def an_unfinished_body_does_no_harm(address: str) -> None:
    url = urlsplit(address)
    with socket.create_connection((url.hostname, url.port), timeout=20) as client:
        client.sendall(
            f"POST {LOGIN} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
            "Content-Length: 100\r\n\r\n{".encode()
        )
    assert requests.get(f"{address}/health/live/", timeout=20).status_code == 200


def a_connection_outlives_a_refusal_that_is_ready_before_the_body(address: str) -> None:
    url = urlsplit(address)
    host, head = url.netloc, "Content-Type: application/json"
    for method, path, length, first, rest in (
        ("POST", "/api/v1/rentals/", "Content-Length: 100", b"", b" " * 100),
        ("POST", "/api/v1/nothing/", "Content-Length: 100", b" ", b" " * 99),
        ("GET", "/api/v1/stations/", "Content-Length: 2", b"", b"{}"),
        ("PUT", LOGIN, "Transfer-Encoding: chunked", b"2\r\n{}\r\n", b"0\r\n\r\n"),
        ("POST", LOGIN, f"Cookie: {'x' * 10_000}\r\nContent-Length: 2", b"", b"{}"),
    ):
        with socket.create_connection((url.hostname, url.port), timeout=20) as client:
            client.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n{length}\r\n\r\n".encode() + first)
            time.sleep(BODY_LATE_SECONDS)
            client.sendall(rest)
            refused = http.client.HTTPResponse(client)
            refused.begin()
            assert 400 <= refused.status < 500
            refused.read()
            client.sendall(f"GET /health/live/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            live = http.client.HTTPResponse(client)
            live.begin()
            assert live.status == 200, (method, path, length)


def odd_bytes_are_a_4xx(address: str) -> None:
    bodies = [b'{"email": "\xff"}', b"\x00", b'{"email": "\\ud800"}', b"[" * 10_000, b'{"email": NaN}', b"{}" * 10]
    statuses = {requests.post(f"{address}{LOGIN}", data=body, headers=JSON, timeout=20).status_code for body in bodies}
    assert statuses == {400}

    paths = [
        "/api/v1/bikes/%00/",
        "/api/v1/bikes/%ff%fe/",
        "/%ED%A0%80",
        "/api/v1/bikes/?station=%00",
        "/api/v1/%0d%0a",
    ]
    statuses = {requests.get(f"{address}{path}", timeout=20).status_code for path in paths}
    assert statuses <= {400, 401, 404}


def an_answer_says_its_length(address: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    lengths = {}
    for method in ("GET", "HEAD", "GET"):  # on one connection, so each answer ends where it says
        connection.request(method, "/health/live/")
        answer = connection.getresponse()
        assert answer.getheader("Transfer-Encoding") is None
        lengths[method] = int(answer.getheader("Content-Length") or 0), len(answer.read())
    connection.close()
    length = lengths["GET"][0]
    assert lengths == {"GET": (length, length), "HEAD": (length, 0)}
    assert length > 0
