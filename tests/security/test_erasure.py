"""Erasure leaves no personal data anywhere.

A marker is planted wherever a rider leaves data. Then it is searched for in everything that the database, Redis, the
logs and Sentry hold or ever held.
"""

import base64
import binascii
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from django.test import Client
from django.utils import timezone

from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_end_by_operator
from bikerental.users.models import User
from compose.bare.postgresql import PROGRAMS, SETTINGS, wheel_folder
from tests.factories import PASSWORD, make_bike, make_user
from tests.live import ROOT, database_url, own_redis, web_server, worker
from tests.notifications.smtp_server import smtp_server
from tests.security.sentry_server import sentry_server
from tests.support.constraints import forbidding
from tests.support.waiting import eventually

MARKER = "zq7marker"
EMAIL = f"{MARKER}@example.org"


def found(text: str) -> list[str]:
    """The places of the marker, with their context."""
    text = text.lower()
    return re.findall(f".{{0,60}}(?:{MARKER}|{MARKER.encode().hex()}).{{0,30}}", text)


def dump() -> str:
    """All rows. Bytes appear in hexadecimal."""
    command = [str(wheel_folder() / PROGRAMS / "pg_dump"), "--data-only", database_url()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def ever_in(redis: Path) -> str:
    """Every command that ever changed Redis. The body of a task's message is Base64."""
    raw = b"".join(file.read_bytes() for file in sorted(redis.rglob("*.aof")))
    return raw.decode("latin-1") + "".join(_decoded(raw))


def _decoded(raw: bytes) -> Iterator[str]:
    for word in re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", raw):
        try:
            yield base64.b64decode(word).decode("latin-1")
        except binascii.Error:  # a long word of another kind
            continue


class Rider:
    """A rider who uses the service over real HTTP."""

    def __init__(self, address: str) -> None:
        self.address = f"{address}/api/v1/"
        self.http = requests.Session()
        self.post("auth/register/", 201, name=f"{MARKER} Rider", email=EMAIL.upper(), password=PASSWORD)
        self.post("auth/token/", 401, email=EMAIL, password=f"{MARKER}-wrong")
        access = self.post("auth/token/", 200, email=EMAIL, password=PASSWORD).json()["access"]
        self.http.headers["Authorization"] = f"Bearer {access}"

    def post(self, path: str, status: int, **body: Any) -> requests.Response:
        return self.call("POST", path, status, **body)

    def call(self, method: str, path: str, status: int, **body: Any) -> requests.Response:
        headers = {"Idempotency-Key": f"{MARKER}-{path}", "X-Request-ID": "erasure"}
        answer = self.http.request(method, self.address + path, json=body, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text
        return answer


def ride(rider: Rider) -> UUID:
    bike = make_bike()
    rental_id = rider.post("rentals/", 201, bike=str(bike.pk)).json()["id"]
    rider.post(f"rentals/{rental_id}/return/", 200)
    return UUID(rental_id)


def told_by_operators(rider: Rider) -> None:
    """Operators' actions: a report, a ride that they end, a name that they correct, an address that bounced."""
    operator = make_user(is_staff=True, is_superuser=True)
    user = User.objects.get(email=EMAIL)
    rider.http.headers["User-Agent"] = f"{MARKER}-phone"
    rider.call("PATCH", "me/", 200, name=f"{MARKER} Rider")
    bike = make_bike()
    rider.post(f"bikes/{bike.pk}/reports/", 201, kind="tyre", text=f"{MARKER} fell off")
    rental_id = rider.post("rentals/?second", 201, bike=str(bike.pk)).json()["id"]
    rental_end_by_operator(
        rental_id=UUID(rental_id), operator=operator, reason=f"{MARKER} telephoned", now=timezone.now()
    )
    RefusedAddress.objects.create(email=EMAIL, reason="bounced")
    admin = Client()
    admin.force_login(operator)
    form = {"email": EMAIL, "name": f"{MARKER} Mended", "language": "en"}
    assert admin.post(f"/admin/users/user/{user.pk}/change/", form).status_code == 302


def provoke(rider: Rider) -> None:
    """Cause bugs in the web process, with the rider's row in PostgreSQL's error."""
    with forbidding("users_user", f"name <> '{MARKER} Forbidden'"):
        rider.call("PATCH", "me/", 500, name=f"{MARKER} Forbidden")
    rider.call("GET", f"bikes/?lat=59.93&lon=30.31&radius=500&model={MARKER}", 400)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_erasure_leaves_no_personal_datum_anywhere(tmp_path: Path) -> None:
    web_log, worker_log = tmp_path / "web.log", tmp_path / "worker.log"
    with sentry_server() as sentry, smtp_server({}) as mail, own_redis(tmp_path) as redis:
        environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DJANGO_DEBUG": "false",
            "LOG_LEVEL": "INFO",
            "REDIS_URL": redis.url,
            "CACHE_URL": "",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.server_address[1]}",
            "SENTRY_DSN": sentry.dsn,
            "SENTRY_TRACES_SAMPLE_RATE": "1",
            "THROTTLE_USER": "600/minute",
            "THROTTLE_LOGIN": "600/minute",
        }
        with web_server(web_log, processes=1, **environment) as address, worker(worker_log, **environment):
            rider = Rider(address)
            with forbidding("notifications_notification", "kind <> 'receipt' OR state <> 'sending'"):
                rental_id = ride(rider)
                assert eventually(lambda: "deliver_notifications" in sentry.received, 60)
            rider.post("auth/password/reset/", 202, email=EMAIL)
            assert eventually(lambda: bool(mail.received), 60)
            told_by_operators(rider)
            provoke(rider)
            assert found(dump())

            rider.call("DELETE", "me/", 204, password=PASSWORD)

            left = dump()
            ever_sent = f"{rental_id}".replace("-", "")
        held = ever_in(tmp_path)
        logs = web_log.read_text() + worker_log.read_text()

    # Each place is really searched: it contains what it should.
    assert str(rental_id) in left
    assert ever_sent in held.replace("-", "")
    assert "Unhandled: PATCH /api/v1/me/" in logs
    assert "deliver_notifications" in worker_log.read_text()
    assert "Unhandled: PATCH /api/v1/me/" in sentry.received
    assert '"type":"transaction"' in sentry.received.replace(" ", "")
    assert found("".join(mail.received))
    # And nothing else.
    assert found(left) == []
    assert found(held) == []
    assert found(logs) == []
    assert found(sentry.received) == []
    # The places where a rider looked for a bike are personal too.
    assert "30.31" not in logs + sentry.received
    assert Rental.objects.values_list("rider__name", flat=True).get(pk=rental_id) == ""
    assert not Notification.objects.filter(state="sending").exists()
    assert RefusedAddress.objects.get().email.endswith("@erased.invalid")


def test_postgresqls_own_log_quotes_nobody() -> None:
    rules = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
    stack = (ROOT / "compose/production/services.yml").read_text()

    assert rules.items() <= SETTINGS.items()
    assert all(f"-c, {name}={value}" in stack for name, value in rules.items())
    assert "log_min_duration_statement" not in stack
