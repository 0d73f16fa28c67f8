"""Database access of the benchmark itself."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from uuid import uuid4

import jwt
import psycopg2

from compose.bare.postgresql import client_programs
from compose.bare.progress import UserError
from tests.load.server import Service

PAIR = Path(__file__).with_name("pair.sql")
DRAIN_SECONDS = 120

PREPARE = """
    DROP TABLE IF EXISTS bench_rider, bench_bike;
    CREATE TABLE bench_rider AS
        SELECT row_number() OVER (ORDER BY u.email) - 1 AS number, u.id, s.id AS session_id
        FROM users_user u
        JOIN LATERAL (SELECT id FROM users_session WHERE user_id = u.id ORDER BY id LIMIT 1) s ON true
        WHERE NOT u.is_staff;
    CREATE TABLE bench_bike AS
        SELECT row_number() OVER (ORDER BY number) - 1 AS number, id, tariff_id FROM fleet_bike
        WHERE status = 'available';
    CREATE UNIQUE INDEX ON bench_rider (number);
    CREATE UNIQUE INDEX ON bench_bike (number);
    ANALYZE bench_rider, bench_bike;
"""
# Removes the rows of a pgbench round, so that neither the size nor the sweep changes.
TIDY = """
    DELETE FROM rentals_rentalevent e USING rentals_rental r WHERE r.id = e.rental_id AND r.tariff_name = 'pgbench';
    DELETE FROM rentals_rental WHERE tariff_name = 'pgbench';
    UPDATE fleet_bike SET status = 'available' WHERE status = 'rented';
"""


@contextmanager
def asking(url: str) -> Iterator[Any]:
    """A cursor whose statements commit at once and have no time limit."""
    with closing(psycopg2.connect(url, application_name="bench")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            yield cursor


def pgbench(url: str, *, seconds: float, connections: int) -> float:
    """Pairs a second with bare SQL."""
    with asking(url) as cursor:
        cursor.execute(PREPARE)
        cursor.execute("SELECT (SELECT count(*) FROM bench_rider), (SELECT count(*) FROM bench_bike)")
        riders, bikes = (count // connections for count in cursor.fetchone())
        numbers = {"-c": connections, "-j": 2, "-T": max(1, round(seconds))}
        options = [text for option, value in numbers.items() for text in (option, str(value))]
        variables = ["-D", f"riders={riders}", "-D", f"bikes={bikes}"]
        finished = subprocess.run(
            [client_programs() / "pgbench", "-n", "-M", "prepared", *options, *variables, "-f", PAIR, url],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
        cursor.execute("CREATE INDEX bench_tidy ON rentals_rental (tariff_name) WHERE tariff_name = 'pgbench'")
        cursor.execute(TIDY)
        cursor.execute("DROP INDEX bench_tidy")
    match = re.search(r"^tps = ([\d.]+)", finished.stdout, re.MULTILINE)
    if match is None or finished.returncode:
        raise UserError(f"pgbench failed:\n{finished.stdout}{finished.stderr}")
    return float(match[1])


def settle_down(service: Service, tokens: list[str]) -> float | None:
    """End open rides, then wait until the worker has settled all and sent the receipts.

    Returns the seconds until all were settled.
    """
    time.sleep(0.5)  # a request that was cut off may still be handled
    token_of = {jwt.decode(token, options={"verify_signature": False})["sub"]: token for token in tokens}
    with asking(service.environment["DATABASE_URL"]) as cursor:
        cursor.execute("SELECT id, rider_id FROM rentals_rental WHERE status = 'active'")
        for rental_id, rider_id in cursor.fetchall():
            _end(service, rental_id, token_of[str(rider_id)])
        settled = _until_none(cursor, "rentals_rental WHERE status = 'returned'")
        _until_none(cursor, "notifications_notification WHERE state = 'pending' AND next_attempt_at <= now()")
        return settled


def _until_none(cursor: Any, rows: str) -> float | None:
    """Wait until there are no such rows. Returns the seconds it took."""
    started = time.monotonic()
    while _count(cursor, rows):
        if time.monotonic() - started > DRAIN_SECONDS:
            return None
        time.sleep(0.1)
    return time.monotonic() - started


def _end(service: Service, rental_id: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{service.url}/api/v1/rentals/{rental_id}/return/"
    try:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", headers), timeout=30).close()
    except HTTPError as error:
        if error.code != 409:  # the ride has ended meanwhile
            raise


def bikes_available(url: str, *, limit: int) -> list[str]:
    with asking(url) as cursor:
        cursor.execute("SELECT id FROM fleet_bike WHERE status = 'available' ORDER BY number LIMIT %s", [limit])
        return [str(bike_id) for (bike_id,) in cursor.fetchall()]


def count_of(url: str, table: str) -> int:
    with asking(url) as cursor:
        return _count(cursor, table)


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    ((count,),) = cursor.fetchall()
    return int(count)


def database_create(url: str, name: str) -> str:
    """Create another database on the server. Returns its URL."""
    with asking(url) as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def statements_of(
    method: str, path: str, *, token: str, body: object = None, has_key: bool = False
) -> tuple[int, bytes]:
    """The number of SQL statements of a request, including BEGIN and COMMIT, and its body. Needs Django set up."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    headers = {"authorization": f"Bearer {token}"} if token else {}
    if has_key:
        headers["idempotency-key"] = uuid4().hex
    client = Client(SERVER_NAME="localhost", headers=headers)

    def ask() -> bytes:
        data = None if body is None else json.dumps(body)
        answer = client.generic(method, path, data=data or "", content_type="application/json")
        if not 200 <= answer.status_code < 300:
            raise UserError(f"{method} {path} answered {answer.status_code}: {answer.content[:300]!r}")
        return answer.content

    if method == "GET":
        ask()  # the first request does work that a process does only once, such as preparing SQL
    with CaptureQueriesContext(connection) as captured:
        content = ask()
    return len(captured), content
