"""The broker is away for good, and the sweep alone settles. A process that is asked to end still enqueues.

test_matrix.py stops and pauses Redis.
"""

from pathlib import Path

import pytest
import redis as driver
import requests
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from bikerental.rentals.models import Rental
from tests.factories import make_bike, make_user
from tests.live import own_redis, web_server, worker
from tests.support.logins import bearer, login
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
SETTLED_SECONDS = 60
SWEEP_SECONDS = 5  # as an operator may set it, so that the test takes no half minute


def ride(address: str, headers: dict[str, str], number: str) -> None:
    start = requests.post(f"{address}rentals/", headers=headers, json={"bike_number": number}, timeout=10)
    assert start.status_code == 201, start.text
    end = requests.post(f"{address}rentals/{start.json()['id']}/return/", headers=headers, json={}, timeout=10)
    assert end.status_code == 200, end.text


def is_all_settled() -> bool:
    return not Rental.objects.exclude(status="settled").exists()


def test_the_sweep_alone_settles(tmp_path: Path) -> None:
    """The web processes use another broker, so every message is lost."""
    interval = IntervalSchedule.objects.create(every=SWEEP_SECONDS, period="seconds")
    sweep = PeriodicTask.objects.filter(name="sweep-returned-rentals")
    assert sweep.update(interval=interval, expire_seconds=SWEEP_SECONDS) == 1
    bike, rider = make_bike(), make_user()
    with (
        own_redis(tmp_path) as redis,
        web_server(tmp_path / "web.log") as address,
        worker(tmp_path / "worker.log", beat=True, REDIS_URL=redis.url),
    ):
        headers = bearer(login(f"{address}/api/v1/", rider.email))
        ride(f"{address}/api/v1/", headers, bike.number)

        assert eventually(is_all_settled, SETTLED_SECONDS)


def test_web_tells_of_its_last_ride_before_it_ends(tmp_path: Path) -> None:
    bike, rider = make_bike(), make_user()
    with own_redis(tmp_path) as redis:
        with web_server(tmp_path / "web.log", processes=1, REDIS_URL=redis.url) as address:
            headers = bearer(login(f"{address}/api/v1/", rider.email))
            ride(f"{address}/api/v1/", headers, bike.number)

        with driver.Redis.from_url(redis.url) as client:
            assert client.llen("settling") == 1
