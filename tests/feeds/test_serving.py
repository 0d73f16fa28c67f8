"""The public feed over HTTP: from one copy in each process, before Django's middleware."""

import gzip
import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
from django.db import connection
from django.utils import timezone

from bikerental.feeds.models import FeedFile
from tests.factories import make_bike, make_station
from tests.feeds.feed import build
from tests.feeds.reading import built, get
from tests.live import database_url, own_redis, web_server
from tests.support.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
STATUS, INFORMATION = "3/station_status.json", "3/station_information.json"
HOUSE = {
    "Content-Security-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy", "Referrer-Policy",
    "X-Content-Type-Options", "X-Frame-Options", "X-Request-ID",
}  # fmt: skip


def test_a_file_comes_with_its_headers(address: str) -> None:
    make_station()
    built()

    answer = get(address, INFORMATION)

    row = FeedFile.objects.get(name=INFORMATION)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert get(address, STATUS).headers["Cache-Control"] == "public, max-age=10"
    assert answer.headers["ETag"] == row.etag
    assert answer.headers["Last-Modified"] == format_datetime(row.updated_at, usegmt=True)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert all(name in answer.headers for name in HOUSE)


def test_a_file_has_the_headers_of_every_response(address: str) -> None:
    built()

    feed, other = get(address, STATUS), requests.get(f"{address}/health/live/", timeout=20)

    same = HOUSE - {"X-Request-ID"}
    assert {name: feed.headers[name] for name in same} == {name: other.headers[name] for name in same}


def test_a_request_id_is_taken_or_made(address: str) -> None:
    assert get(address, STATUS, **{"X-Request-ID": "poll-7"}).headers["X-Request-ID"] == "poll-7"
    assert len(get(address, STATUS, **{"X-Request-ID": "not sane"}).headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("identity", False), ("", False),
        ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("*;q=0", False),
    ],
)  # fmt: skip
def test_gzip_is_sent_as_stored_if_the_client_accepts_it(address: str, accepted: str, is_packed: bool) -> None:
    make_station()
    built()
    stored = bytes(FeedFile.objects.get(name=STATUS).body)

    answer = requests.get(f"{address}/gbfs/{STATUS}", headers={"Accept-Encoding": accepted}, stream=True, timeout=20)
    sent = answer.raw.read(decode_content=False)

    assert sent == (stored if is_packed else gzip.decompress(stored))
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    assert answer.headers["Content-Length"] == str(len(sent))


def test_a_large_file_is_whole_without_gzip(address: str) -> None:
    for number in range(700):
        make_station(name=f"{number} " + "я" * 90)
    built()

    packed = get(address, INFORMATION)
    plain = get(address, INFORMATION, **{"Accept-Encoding": "identity"})

    assert len(plain.content) > 3 * 64 * 1024
    assert plain.content == packed.content
    assert len(plain.json()["data"]["stations"]) == 700


def test_a_file_that_the_caller_has_is_not_sent_again(address: str) -> None:
    built()
    first = get(address, INFORMATION)
    tag = first.headers["ETag"]

    for sent in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = get(address, INFORMATION, **{"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == "public, max-age=60"
        assert "Content-Length" not in again.headers
        assert "Content-Encoding" not in again.headers
    assert get(address, INFORMATION, **{"If-None-Match": '"other"'}).status_code == 200


def test_without_an_etag_the_date_decides(address: str) -> None:
    built()
    date = get(address, INFORMATION).headers["Last-Modified"]
    before = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)

    statuses = [
        get(address, INFORMATION, **{"If-Modified-Since": sent}).status_code
        for sent in (date, before, "soon", "9" * 4000)
    ]

    assert statuses == [304, 200, 200, 200]
    assert get(address, INFORMATION, **{"If-Modified-Since": date, "If-None-Match": '"other"'}).status_code == 200


def test_head_is_get_without_a_body(address: str) -> None:
    built()
    for coding in ("gzip", "identity"):
        headers = {"Accept-Encoding": coding}
        head = requests.head(f"{address}/gbfs/{STATUS}", headers=headers, timeout=20)
        full = get(address, STATUS, **headers)

        own = {"date", "x-request-id"}
        assert (head.status_code, head.content) == (200, b"")
        assert {n: v for n, v in head.headers.items() if n.lower() not in own} == {
            n: v for n, v in full.headers.items() if n.lower() not in own
        }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(address: str, method: str) -> None:
    answer = requests.request(method, f"{address}/gbfs/{STATUS}", json={}, timeout=20)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_browser_may_ask_from_any_page(address: str) -> None:
    answer = requests.options(f"{address}/gbfs/{STATUS}", headers={"Origin": "https://map.example"}, timeout=20)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert "if-none-match" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["3/nothing.json", "4/gbfs.json", "..%2f3/gbfs.json", "x" * 3000, "3/gbfs.json/"])
def test_an_unknown_file_is_a_404(address: str, path: str) -> None:
    answer = get(address, path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_urls_have_the_host_by_which_they_were_asked_for(address: str) -> None:
    name = address.replace("127.0.0.1", "localhost")

    answers = [get(base, "gbfs_versions.json").json()["data"]["versions"] for base in (address, name)]

    assert answers == [
        [{"version": "2.3", "url": f"{base}/gbfs/2/gbfs.json"}, {"version": "3.0", "url": f"{base}/gbfs/3/gbfs.json"}]
        for base in (address, name)
    ]
    listed = get(name, "2/gbfs.json").json()["data"]["ru"]["feeds"]
    assert all(each["url"].startswith(f"{name}/gbfs/2/") for each in listed)


@pytest.mark.parametrize("host", ["evil.example", "a" * 300, "", "127.0.0.1:x", "127.0.0.1@evil.example"])
def test_a_host_that_is_not_allowed_is_refused(address: str, host: str) -> None:
    answer = get(address, "3/gbfs.json", Host=host)

    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("headers", [{"X-Long": "a" * 9000}, {f"X-{n}": "a" * 8000 for n in range(5)}])
def test_the_limits_of_headers_hold(address: str, headers: dict[str, str]) -> None:
    answer = get(address, STATUS, **headers)

    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize("header", ["If-None-Match", "Accept-Encoding", "If-Modified-Since"])
def test_a_long_header_costs_little(address: str, header: str) -> None:
    values = (",", ";", '"', " ", "W/", "*,", "gzip;q=0,")
    began = time.perf_counter()

    for value in values:
        assert get(address, STATUS, **{header: "a" + value * (8000 // len(value)) + "a"}).status_code in (200, 304)

    assert time.perf_counter() - began < 2


def test_a_request_with_a_body_does_not_break_the_connection(address: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    for _ in range(5):
        connection.request("GET", f"/gbfs/{STATUS}", b"x" * 500_000, {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def test_all_processes_show_a_build_within_two_seconds(address: str) -> None:
    built()
    for _ in range(20):  # all processes have a copy
        get(address, STATUS)
    make_station()
    now = timezone.now()
    build(now=now)
    time.sleep(1.9 - (timezone.now() - now).total_seconds())

    shown = {len(get(address, STATUS).json()["data"]["stations"]) for _ in range(30)}

    assert shown == {1}


def test_requests_are_counted_by_route(address: str) -> None:
    built()
    get(address, STATUS)

    figures = requests.get(f"{address}/metrics", timeout=20).text

    assert 'route="gbfs/<path:name>"' in figures
    assert "bikerental_feed_age_seconds" in figures


# What is away


def test_without_a_build_a_process_builds(tmp_path: Path) -> None:
    """As without broker, beat and worker. The second ride is seen as well, so it goes on building."""
    station = make_station()
    with own_redis(tmp_path) as redis:
        redis.stop()
        with web_server(tmp_path / "web.log", processes=2, REDIS_URL=redis.url) as server:
            assert get(server, STATUS).json()["data"]["stations"][0]["station_id"] == str(station.pk)
            make_bike(station=station)
            assert eventually(lambda: first(server)["num_vehicles_available"] == 1, 12)


def first(server: str) -> dict[str, Any]:
    found: dict[str, Any] = get(server, STATUS).json()["data"]["stations"][0]
    return found


def test_with_postgresql_away_the_copy_is_served_and_then_503(tmp_path: Path) -> None:
    make_station()
    build()
    with web_server(tmp_path / "web.log", processes=1) as server:
        before = get(server, STATUS)
        with postgresql_refuses():
            answers = []
            for _ in range(6):
                began = time.perf_counter()
                answers.append((get(server, STATUS).content, time.perf_counter() - began))
                time.sleep(0.5)
            assert {content for content, _ in answers} == {before.content}
            assert sorted(seconds for _, seconds in answers)[-2] < 0.5
            with web_server(tmp_path / "second.log", processes=1) as fresh:
                answer = get(fresh, STATUS)
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
                assert answer.headers["Retry-After"] == "2"
        assert eventually(lambda: get(server, STATUS).content != before.content, 20)


@contextmanager
def postgresql_refuses() -> Iterator[None]:
    """No connection to the test's database is accepted, and the open ones are ended."""
    name = connection.settings_dict["NAME"]
    connection.close()
    admin = psycopg2.connect(database_url().replace(f"/{name}", "/postgres"))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    try:
        yield
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        admin.close()
