"""Rides are timed by the database's clock, whatever the clocks of the hosts say."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from bikerental.core.db import clock
from bikerental.rentals.models import Rental
from tests.clients import RiderClient
from tests.factories import make_bike

pytestmark = pytest.mark.django_db(transaction=True)

RENTALS = "/api/v1/rentals/"
OFF = timedelta(minutes=10)
INEXACT = timedelta(seconds=1)


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [now] = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


def set_clock(monkeypatch: pytest.MonkeyPatch, off: timedelta) -> None:
    """As on a host whose clock is off by this much."""
    true = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: true() + off)


@pytest.mark.parametrize("off", [OFF, -OFF], ids=["ahead", "behind"])
def test_clocks_of_hosts_that_differ_change_no_ride(
    rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    before = database_time()
    with monkeypatch.context() as one_host:
        set_clock(one_host, off)
        started = rider_client.post(RENTALS, {"bike": str(make_bike().pk)})
    assert started.status_code == 201, started.json()
    with monkeypatch.context() as other_host:
        set_clock(other_host, -off)
        returned = rider_client.post(f"{RENTALS}{started.json()['id']}/return/")
    assert returned.status_code == 200, returned.json()

    ride = Rental.objects.get()
    assert ride.ended_at is not None
    assert before - INEXACT < ride.started_at <= ride.ended_at < database_time() + INEXACT


def test_the_most_exact_reading_counts_until_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(clock, "_reading", None)
    monkeypatch.setattr(clock.time, "monotonic", lambda: 1010.0)

    clock.clock_record(now, asked=1000.0, answered=1000.2)
    assert clock.database_now() == now + timedelta(seconds=9.9)

    clock.clock_record(now + timedelta(seconds=50), asked=1001.0, answered=1009.0)
    assert clock.database_now() == now + timedelta(seconds=9.9)

    clock.clock_record(now + timedelta(seconds=90), asked=1062.0, answered=1070.0)
    assert clock.database_now() == now + timedelta(seconds=34)
