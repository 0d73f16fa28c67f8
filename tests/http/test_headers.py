"""Headers that are too large are refused before any code reads them, and cannot flood the log."""

import time
from pathlib import Path

import pytest
import requests
from pytest_django import Settings
from rest_framework.test import APIClient

from bikerental.http.headers import HEADER_BYTES_MAX, HOST_LENGTH_MAX, are_too_large
from tests.live import ROOT, web_server

LIVE = "/health/live/"


def test_a_header_of_8_kib_is_taken(client: APIClient) -> None:
    assert client.get(LIVE, headers={"X-Unknown": "a" * 8192}).status_code == 200


@pytest.mark.parametrize("name", ["X-Unknown", "Origin", "Cookie", "Authorization", "Host", "Content-Type"])
def test_a_byte_more_is_a_431(client: APIClient, name: str) -> None:
    response = client.generic("GET", LIVE, **{_meta(name): "a" * 8193})

    assert (response.status_code, response.json()["code"]) == (431, "headers_too_large")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["X-Request-ID"]


def _meta(name: str) -> str:
    """The header's name as the test client takes it."""
    key = name.upper().replace("-", "_")
    return "content_type" if key == "CONTENT_TYPE" else f"HTTP_{key}"


@pytest.mark.parametrize(("more", "is_too_much"), [(0, False), (1, True)])
def test_all_together_are_at_most_32_kib(more: int, is_too_much: bool) -> None:
    # Names and values without those that the server adds.
    headers = {f"HTTP_X_{number}": "a" * (8192 - len("X_0")) for number in range(4)}

    assert (
        are_too_large({"PATH_INFO": "/" * 9000, **headers, "HTTP_X_0": headers["HTTP_X_0"] + "a" * more}) is is_too_much
    )


def test_the_refusal_is_translated_without_reading_a_cookie(client: APIClient) -> None:
    response = client.get(LIVE, headers={"Cookie": "a=" + "b" * 9000, "Accept-Language": "ru"})

    assert response.json()["detail"] == "Один заголовок больше 8 КиБ или все вместе больше 32 КиБ."
    assert not response.wsgi_request.COOKIES


def test_operators_are_told_in_plain_text(client: APIClient) -> None:
    response = client.get("/admin/login/", headers={"X-Unknown": "a" * 9000})

    assert (response.status_code, response.headers["Content-Type"]) == (431, "text/plain; charset=utf-8")


def test_a_host_is_no_longer_than_a_name_can_be(client: APIClient, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    assert client.get("/api/swagger.json", headers={"Host": "localhost:" + "1" * 300}).status_code == 400
    assert client.get("/api/swagger.json", headers={"Host": "a" * HOST_LENGTH_MAX}).status_code == 200


def test_a_cookie_with_backslashes_spoils_no_other(client: APIClient) -> None:
    response = client.get(LIVE, headers={"Cookie": 'odd="\\"x\\""; csrftoken=abc'})

    assert response.status_code == 200
    assert response.wsgi_request.COOKIES["csrftoken"] == "abc"


def test_the_proxy_refuses_them_too() -> None:
    assert "max_header_size 32KiB" in (ROOT / "compose/production/caddy/Caddyfile").read_text()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_on_the_wire(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with web_server(log, processes=1, LOG_LEVEL="INFO") as address:
        before = log.stat().st_size
        started = time.monotonic()
        refused = [
            requests.post(f"{address}{LIVE}", headers={name: value}, timeout=20)
            for name, value in (
                ("Origin", "http://" + "a" * 100_000),
                ("Host", "localhost:" + "a" * 100_000),
                ("Content-Type", ";" * 100_000),
                ("X-One", "a" * (HEADER_BYTES_MAX + 1)),
            )
        ]
        # Within the limit, but not one of our hosts: this one is logged.
        host = requests.post(f"{address}{LIVE}", headers={"Host": "localhost:" + "a" * 200}, timeout=20)
        seconds = time.monotonic() - started
        # Beyond the server's own buffer: the server itself refuses it.
        beyond = requests.get(f"{address}{LIVE}", headers={"X-One": "a" * 1_000_000}, timeout=20)
        logged = log.stat().st_size - before

    assert [answer.status_code for answer in refused] == [431] * 4
    assert {answer.json()["code"] for answer in refused} == {"headers_too_large"}
    assert host.status_code == 400
    assert beyond.status_code == 431  # the server's own refusal, without a body
    assert seconds < 2
    assert logged < 8_000
