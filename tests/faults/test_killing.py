"""A web process is killed at the worst moments of a rent. The phone repeats the request with its key, and gets one
ride."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psutil
import pytest
import requests
from django.db import connection, transaction
from django.utils import timezone

from bikerental.fleet.models import Bike
from bikerental.rentals.models import Rental
from bikerental.rentals.reconciliation import Window, reconcile
from tests.factories import make_bike, make_user
from tests.live import web_server
from tests.support.logins import bearer, login
from tests.support.processes import send
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_SECONDS = 10


def rent(address: str, headers: dict[str, str], number: str) -> requests.Response:
    return requests.post(
        f"{address}/api/v1/rentals/", headers=headers, json={"bike_number": number}, timeout=WAIT_SECONDS
    )


def web_is_killed() -> None:
    send([process for process in psutil.Process().children(recursive=True) if _is_of_web(process)], signal.SIGKILL)


def _is_of_web(process: psutil.Process) -> bool:
    try:
        return "granian" in process.name() or any("config.wsgi:application" in word for word in process.cmdline())
    except psutil.NoSuchProcess:  # ended meanwhile, or a zombie
        return False


def waits_for_a_lock() -> bool:
    return others("wait_event_type = 'Lock'") > 0


def is_quiet() -> bool:
    """Whether PostgreSQL has noticed that the killed process's connections are gone."""
    return others("state <> 'idle'") == 0


def others(condition: str) -> int:
    """How many other connections fulfil the condition."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            f"WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        )
        count: int = cursor.fetchone()[0]
        return count


def rent_again(tmp_path: Path, headers: dict[str, str], number: str) -> requests.Response:
    with web_server(tmp_path / "again.log", processes=1) as address:
        return rent(address, headers, number)


def assert_rides_once(answer: requests.Response, *, rider_id: UUID) -> None:
    [rental] = Rental.objects.all()
    assert (str(rental.pk), rental.rider_id, rental.status) == (answer.json()["id"], rider_id, "active")
    assert [finding for finding in reconcile(Window(timezone.now())) if finding.rows] == []


def test_killed_before_the_commit(tmp_path: Path) -> None:
    bike, rider = make_bike(), make_user()
    key = {"Idempotency-Key": str(uuid4())}
    with web_server(tmp_path / "web.log", processes=1) as address, ThreadPoolExecutor(1) as phone:
        headers = bearer(login(f"{address}/api/v1/", rider.email)) | key
        with transaction.atomic():
            Bike.objects.select_for_update().get(pk=bike.pk)
            asked = phone.submit(rent, address, headers, bike.number)
            assert eventually(waits_for_a_lock, WAIT_SECONDS)
            web_is_killed()
            with pytest.raises(requests.ConnectionError):
                asked.result(WAIT_SECONDS)
    assert eventually(is_quiet, WAIT_SECONDS)
    assert not Rental.objects.exists()

    again = rent_again(tmp_path, headers, bike.number)

    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, None)
    assert_rides_once(again, rider_id=rider.pk)


def test_killed_after_the_commit_with_the_answer_unread(tmp_path: Path) -> None:
    bike, rider = make_bike(), make_user()
    key = {"Idempotency-Key": str(uuid4())}
    with web_server(tmp_path / "web.log", processes=1) as address:
        headers = bearer(login(f"{address}/api/v1/", rider.email)) | key
        with closing(HTTPConnection(urlsplit(address).netloc, timeout=WAIT_SECONDS)) as phone:
            body = json.dumps({"bike_number": bike.number})
            phone.request("POST", "/api/v1/rentals/", body, headers | {"Content-Type": "application/json"})
            assert eventually(Rental.objects.exists, WAIT_SECONDS)
            web_is_killed()

    again = rent_again(tmp_path, headers, bike.number)

    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, "true")
    assert_rides_once(again, rider_id=rider.pk)
