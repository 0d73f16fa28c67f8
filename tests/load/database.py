"""What the benchmark asks of the database beside the service. Needs Django set up."""

import json
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.fleet.models import Bike
from bikerental.rentals.exceptions import RentalNotActiveError
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_return
from compose.bare.postgresql import client_programs
from compose.bare.progress import TroubleError

PAIR = Path(__file__).with_name("pair.sql")
DRAIN_SECONDS = 120
# A benchmark's own questions may take longer than a request's.
OWN = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0"

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
# As the API leaves no trace of a pgbench round, neither size nor sweep sees it.
TIDY = """
    DELETE FROM rentals_rentalevent e USING rentals_rental r WHERE r.id = e.rental_id AND r.tariff_name = 'pgbench';
    DELETE FROM rentals_rental WHERE tariff_name = 'pgbench';
    UPDATE fleet_bike SET status = 'available' WHERE status = 'rented';
"""


def pgbench(url: str, *, seconds: float, connections: int) -> float:
    """Pairs a second of bare SQL."""
    with connection.cursor() as cursor:
        cursor.execute(OWN)
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
        raise TroubleError(f"pgbench failed:\n{finished.stdout}{finished.stderr}")
    return float(match[1])


def settle_down() -> float | None:
    """End the rides that wrk left open, then wait until the worker has settled all; the seconds it took."""
    time.sleep(0.5)
    for rental in Rental.objects.filter(status=Rental.Status.ACTIVE):
        with suppress(RentalNotActiveError):  # what wrk cut off may still be served
            rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=timezone.now())
    started = time.monotonic()
    while Rental.objects.filter(status=Rental.Status.RETURNED).exists():
        if time.monotonic() - started > DRAIN_SECONDS:
            return None
        time.sleep(0.1)
    return time.monotonic() - started


def bikes_available(*, limit: int) -> list[UUID]:
    return list(Bike.objects.filter(status="available").order_by("number").values_list("pk", flat=True)[:limit])


def statements_of(method: str, path: str, *, token: str, body: object = None) -> tuple[int, bytes]:
    """SQL statements of one request, BEGIN and COMMIT among them, and its answer."""
    client = Client(SERVER_NAME="localhost", headers={"authorization": f"Bearer {token}"} if token else None)

    def ask() -> bytes:
        data = None if body is None else json.dumps(body)
        answer = client.generic(method, path, data=data or "", content_type="application/json")
        if not 200 <= answer.status_code < 300:
            raise TroubleError(f"{method} {path} answered {answer.status_code}: {answer.content[:300]!r}")
        return answer.content

    if method == "GET":
        ask()  # what is read once a process, prepared SQL among it, is not counted
    with CaptureQueriesContext(connection) as captured:
        content = ask()
    return len(captured), content
