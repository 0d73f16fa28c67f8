"""Liveness uses nothing; readiness answers in time, whatever hangs."""

import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from bikerental.observe import health, readiness
from tests.live import database_url, own_redis
from tests.replica import missing, streaming_replica
from tests.support.threads import at_once

READY = "/health/ready/"


@pytest.fixture(autouse=True)
def _looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    readiness._all_applied.cache_clear()
    monkeypatch.setattr(health, "_running", {})


def test_live_touches_nothing(client: APIClient, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # Without the django_db mark, every statement is an error.
    response = client.get("/health/live/")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_ready_says_what_it_looked_at(client: APIClient) -> None:
    response = client.get(READY)

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "broker": "ok", "migrations": "ok"}}


@pytest.mark.django_db(transaction=True)
def test_an_unapplied_migration_is_not_ready(client: APIClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'api' AND name = '0001_initial'")
    try:
        response = client.get(READY)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('api', '0001_initial', now())")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "broker": "ok", "migrations": "failed"}
    assert client.get(READY).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_broker_that_is_away_or_hangs_is_named_in_time(
    client: APIClient, settings: Settings, tmp_path: Path, how: signal.Signals
) -> None:
    with own_redis(tmp_path) as own:
        settings.CELERY_BROKER_URL = own.url
        own.signal(how)
        started = time.monotonic()
        response = client.get(READY)
        seconds = time.monotonic() - started

    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "unavailable"
    assert response.json()["checks"]["broker"] == "failed"
    assert "broker" in response.json()["detail"]
    assert "Retry-After" in response.headers
    assert seconds < 3.0


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_is_not_ready(client: APIClient) -> None:
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with closing(psycopg2.connect(database_url())) as before, before.cursor() as cursor:
        before.autocommit = True
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            response = client.get(READY)
        finally:
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "failed", "broker": "ok", "migrations": "ok"}
    assert client.get(READY).status_code == 200


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_standby_is_not_ready(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := missing():
        pytest.skip(reason)
    with streaming_replica() as standby:
        standby.catch_up()
        place = {"HOST": "127.0.0.1", "PORT": standby.port}
        monkeypatch.setitem(connections.settings, "default", connections.settings["default"] | place)
        response = client.get(READY)

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "failed", "broker": "ok", "migrations": "ok"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "spoil",
    [("REPLICAOF", "127.0.0.1", "1"), ("CONFIG", "SET", "maxmemory", "1")],
    ids=["a replica", "full"],
)
def test_a_broker_that_takes_no_writes_is_not_ready(
    client: APIClient, settings: Settings, tmp_path: Path, spoil: tuple[str, ...]
) -> None:
    with own_redis(tmp_path) as own:
        settings.CELERY_BROKER_URL = own.url
        assert client.get(READY).status_code == 200
        with redis.Redis.from_url(own.url) as server:
            server.execute_command("CONFIG", "SET", "maxmemory-policy", "noeviction")
            server.execute_command(*spoil)
            assert server.ping()
        response = client.get(READY)

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "broker": "failed", "migrations": "ok"}


def test_simultaneous_probes_run_one_check(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def slow() -> bool:
        asked.append("once")
        time.sleep(0.5)
        return True

    monkeypatch.setattr(health, "CHECKS", {"slow": slow})

    statuses = at_once(lambda _: client.get(READY).status_code, times=8)

    assert statuses == [200] * 8
    assert asked == ["once"]


def hangs() -> bool:
    time.sleep(6)
    return True


@pytest.mark.parametrize("count", [1, 3])
def test_the_answer_is_in_time_however_many_checks_hang(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    checks: dict[str, Callable[[], bool]] = {f"check{number}": hangs for number in range(count)}
    monkeypatch.setattr(health, "CHECKS", checks | {"fine": lambda: True})
    started = time.monotonic()

    response = client.get(READY)

    assert time.monotonic() - started < 3.0
    assert response.status_code == 503
    assert response.json()["checks"] == dict.fromkeys(checks, "failed") | {"fine": "ok"}


def test_a_database_that_refuses_is_named(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_connection: object) -> None:
        raise OperationalError("too many connections for role secret")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)

    response = client.get(READY)

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "failed", "broker": "ok", "migrations": "failed"}
    assert b"secret" not in response.content
