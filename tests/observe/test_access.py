"""One JSON line for each request and each task, without text from a stranger."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.db import transaction
from rest_framework.test import APIClient

from bikerental.observe import access
from bikerental.observe.heartbeat import heartbeat_record
from bikerental.observe.models import Heartbeat
from bikerental.observe.shedding import WaitLimit
from tests.clients import RiderClient
from tests.factories import NOON
from tests.live import own_redis, web_server, worker
from tests.support.waiting import eventually

Line = dict[str, Any]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Line]]:
    """The lines that the test's requests write."""
    written: list[Line] = []
    monkeypatch.setattr(access, "write_line", lambda line: written.append(json.loads(line)))
    access.requests.setLevel(logging.INFO)
    yield written
    access.requests.setLevel(logging.NOTSET)


def test_a_request_of_a_rider_is_one_line(rider_client: RiderClient, lines: list[Line]) -> None:
    rider_client.get("/api/v1/rentals/", HTTP_X_REQUEST_ID="trial-1")

    [line] = lines
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("ms") < 60_000
    assert line == {
        "level": "INFO",
        "logger": "bikerental.requests",
        "request_id": "trial-1",
        "method": "GET",
        "route": "api/v1/rentals/",
        "status": 200,
        "user_id": str(rider_client.rider.pk),
    }


def now_ms() -> str:
    return str(int(time.time() * 1000))


@pytest.mark.parametrize(
    ("path", "headers", "route", "status"),
    [
        ("/wp-login.php%0A{}?token=secret", {}, "unknown", 404),
        ("/api/v1/bikes/", {"HTTP_X_REQUEST_ID": "a\nb"}, "api/v1/bikes/", 401),
        ("/api/v1/bikes/", {"HTTP_X_LONG": "x" * 9000}, "unknown", 431),
        ("/api/v1/bikes/", {"HTTP_HOST": "evil.example"}, "unknown", 400),
        ("/api/v1/bikes/", {"HTTP_X_REQUEST_START": "now"}, "unknown", 503),
        ("/admin/", {}, "admin/", 302),
    ],
    ids=["absent", "refused", "too large", "wrong host", "shed", "page"],
)
@pytest.mark.django_db
def test_a_refused_request_has_a_line_too(
    anonymous: APIClient,
    lines: list[Line],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    headers: dict[str, str],
    route: str,
    status: int,
) -> None:
    if "HTTP_X_REQUEST_START" in headers:
        headers = {"HTTP_X_REQUEST_START": now_ms()}
        monkeypatch.setattr(WaitLimit, "is_exceeded", lambda *_, **__: True)

    anonymous.get(path, **headers)

    assert [(line["route"], line["status"], line["user_id"]) for line in lines] == [(route, status, None)]
    assert set(lines[0]) == {
        *("time", "level", "logger", "request_id", "method", "route", "status", "ms", "user_id"),
    }
    assert lines[0]["request_id"].isalnum()


def test_a_redirect_to_tls_has_a_line_too(anonymous: APIClient, lines: list[Line], settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    APIClient().get("/api/v1/bikes/")

    assert [line["status"] for line in lines] == [301]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_web_server_writes_each_line_whole_and_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    heads = [
        "GET /%0A%22{}?q=%0D HTTP/1.1",
        "GET /gbfs/\tx HTTP/1.1",
        f"GET /{'a' * 7000} HTTP/1.1",
        'BREW /"} HTTP/1.1',
        f"GET /health/live/ HTTP/1.1\r\nX-Long: {'x' * 8200}",
    ]
    with web_server(log, processes=1, LOG_LEVEL="INFO") as address:
        server = urlsplit(address)
        for number, head in enumerate(heads):
            with socket.create_connection((server.hostname, server.port), timeout=10) as client:
                client.sendall(f"{head}\r\nHost: localhost\r\nX-Request-ID: odd-{number}\r\n\r\n".encode())
                client.recv(4096)

    written = read(log)

    assert all({"time", "level", "logger"} <= line.keys() for line in written)
    assert all(len(json.dumps(line)) < 400 for line in written if "route" in line)
    asked = [(line["request_id"], line["method"], line["status"]) for line in written if "route" in line]
    assert [each for each in asked if each[0].startswith("odd-")] == [
        *(("odd-0", "GET", 404), ("odd-2", "GET", 404), ("odd-3", "OTHER", 404), ("odd-4", "GET", 431)),
    ]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_writes_one_line_for_each_task(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    heartbeat_record(name="beat", now=NOON)
    # Celery warns of root before it has set up its logs.
    with own_redis(tmp_path) as redis, worker(log, REDIS_URL=redis.url, PYTHONWARNINGS="ignore"):
        sender = Celery(broker=redis.url)
        beat = "bikerental.observe.tasks.beat_heartbeat"
        done = sender.send_task(beat, queue="default", headers={"request_id": "trial-1"}).id
        failed = sender.send_task("bikerental.rentals.tasks.settle_rentals", kwargs={"ids": ["a"]}, queue="settling").id

        def states() -> dict[str, Line]:
            return {line["task_id"]: line for line in read(log) if "task" in line}

        assert eventually(lambda: {done, failed} <= states().keys(), 30), log.read_text()
        with transaction.atomic():
            Heartbeat.objects.select_for_update().get()
            lost = sender.send_task(beat, queue="default", soft_time_limit=0.5, time_limit=1).id
            assert eventually(lambda: lost in states(), 30), log.read_text()
        killed = "exited with 'signal 9 (SIGKILL)'"
        assert eventually(lambda: any(killed in line["message"] for line in read(log) if "message" in line), 30)
        found = states()

    assert [found[each]["state"] for each in (done, failed, lost)] == ["SUCCESS", "FAILURE", "LOST"]
    assert (found[done]["request_id"], found[done]["task"]) == ("trial-1", beat)
    assert 0 < found[done]["ms"] < 60_000
    about_done = [line for line in log.read_text().splitlines() if done in line]
    assert len(about_done) == 1


def read(log: Path) -> list[Line]:
    return [json.loads(line) for line in log.read_text().splitlines()]
