"""The service behind a real PgBouncer in transaction mode, configured as documented."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from psycopg2.extensions import quote_ident
from pytest_django import DjangoDbBlocker

from bikerental.rentals.models import Rental, RentalEvent
from tests.clients import RiderClient
from tests.factories import make_bike, make_user
from tests.live import ROOT, environment, web_server
from tests.pgbouncer import PROGRAM, PgBouncer, pgbouncer
from tests.replica import query

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs pgbouncer, a Debian package"),
    pytest.mark.django_db(transaction=True),
]
LIMITS = {"statement_timeout": "5000", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "10000"}


@pytest.fixture(scope="module")
def pooler(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[PgBouncer]:
    with django_db_blocker.unblock(), pgbouncer() as running:
        yield running


def manage(pooler: PgBouncer, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    variables = environment(**{"DATABASE_URL": pooler.url, "DATABASE_POOLED": "True"} | extra)
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def limits(pooler: PgBouncer) -> Iterator[None]:
    """The limits that the command stores, for the rest of the module."""
    checked = manage(pooler, "manage.py", "database_limits", "--check")
    assert checked.returncode == 1
    assert "statement_timeout should be 5000" in checked.stderr
    stored = manage(pooler, "manage.py", "database_limits")
    assert stored.returncode == 0, stored.stderr
    pooler.console("RECONNECT")
    yield
    with closing(psycopg2.connect(pooler.url)) as connection, connection, connection.cursor() as cursor:
        name = quote_ident(connection.info.dbname, cursor)
        cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {name} RESET ALL")


@pytest.fixture(scope="module")
def address(pooler: PgBouncer, limits: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    variables = {"DATABASE_URL": pooler.url, "DATABASE_POOLED": "True"}
    with web_server(tmp_path_factory.mktemp("pooled") / "web.log", **variables) as running:
        yield running


def call(address: str, client: RiderClient, method: str, path: str, **arguments: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {client.tokens.access}", **arguments.pop("headers", {})}
    return requests.request(method, f"{address}/api/v1/{path}", headers=headers, timeout=60, **arguments)


def test_a_ride_from_end_to_end(address: str, pooler: PgBouncer) -> None:
    client, bike = RiderClient(make_user()), make_bike()
    key = {"Idempotency-Key": "first"}
    wish = {"bike_number": bike.number}

    made = call(address, client, "POST", "rentals/", json=wish, headers=key)
    again = call(address, client, "POST", "rentals/", json=wish, headers=key)
    ride = made.json()["id"]
    over = call(address, client, "POST", f"rentals/{ride}/return/")

    assert (made.status_code, again.headers.get("Idempotent-Replayed"), over.status_code) == (201, "true", 200)
    assert [rental["id"] for rental in call(address, client, "GET", "rentals/").json()["results"]] == [ride]
    for path in ("bikes/", "bikes/?lat=59.93&lon=30.31&radius=500", "stations/", f"rentals/{ride}/", "me/"):
        assert call(address, client, "GET", path).status_code == 200
    assert requests.get(f"{address}/health/ready/", timeout=60).json()["checks"]["database"] == "ok"


def test_more_riders_than_sessions_share_them(address: str, pooler: PgBouncer) -> None:
    clients, bikes = [RiderClient(make_user()) for _ in range(8)], [make_bike() for _ in range(4)]

    def ride(number: int) -> Counter[int]:
        client, bike = clients[number % len(clients)], bikes[number % len(bikes)]
        made = call(address, client, "POST", "rentals/", json={"bike_number": bike.number})
        seen = Counter([made.status_code])
        if made.status_code == 201:
            over = call(address, client, "POST", f"rentals/{made.json()['id']}/return/")
            seen[over.status_code] += 1
        return seen

    pooler.console("SET default_pool_size = 2")
    pooler.console("RECONNECT")
    try:
        with ThreadPoolExecutor(16) as threads:
            seen = sum(threads.map(ride, range(64)), Counter())
        [pool] = [pool for pool in pooler.console("SHOW POOLS") if str(pool["database"]).startswith("test_")]
    finally:
        pooler.console("SET default_pool_size = 20")

    assert set(seen) <= {200, 201, 409}
    assert seen[201] == seen[200] >= len(bikes)
    assert Rental.objects.filter(status="active").count() == 0
    assert RentalEvent.objects.filter(kind="started").count() == seen[201]
    assert sum(int(str(pool[state])) for state in ("sv_active", "sv_idle", "sv_used")) <= 2
    assert int(str(pool["cl_active"])) > 2


def test_one_bike_is_taken_once(address: str) -> None:
    clients, bike = [RiderClient(make_user()) for _ in range(8)], make_bike()

    def rent(client: RiderClient) -> int:
        return call(address, client, "POST", "rentals/", json={"bike_number": bike.number}).status_code

    with ThreadPoolExecutor(len(clients)) as threads:
        assert Counter(threads.map(rent, clients)) == {201: 1, 409: len(clients) - 1}


def test_the_limits_are_in_force(pooler: PgBouncer, limits: None, address: str) -> None:
    checked = manage(pooler, "manage.py", "database_limits", "--check")
    assert checked.returncode == 0, checked.stderr
    assert all(f"{name}: {value}" in checked.stdout.splitlines() for name, value in LIMITS.items())

    client, bike = RiderClient(make_user()), make_bike()
    with closing(psycopg2.connect(pooler.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM fleet_bike WHERE id = %s FOR UPDATE", [str(bike.pk)])
        refused = call(address, client, "POST", "rentals/", json={"bike_number": bike.number})
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("SELECT pg_sleep(600)")

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")


def test_migrations_refuse_the_pooler_and_go_past_it(pooler: PgBouncer) -> None:
    module = ("-m", "compose.production.django.migrate")

    refused = manage(pooler, *module)

    assert refused.returncode == 1
    assert "MIGRATE_DATABASE_URL" in refused.stderr

    start = ROOT / "compose" / "production" / "django" / "start" / "migrate"
    direct = environment()["DATABASE_URL"]
    variables = environment(DATABASE_URL=pooler.url, DATABASE_POOLED="True", MIGRATE_DATABASE_URL=direct)
    path = f"{Path(sys.executable).parent}:{variables['PATH']}"
    done = subprocess.run(
        [start], cwd=ROOT, env=variables | {"PATH": path}, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "No migrations to apply" in done.stdout
    assert query(direct, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
