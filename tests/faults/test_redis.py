"""Redis away: rides go on, and all that was owed is done once it is back."""

import signal
import time
from pathlib import Path

import pytest
import requests

from bikerental.rentals.models import Rental
from tests.concurrency.test_http import bearer, login
from tests.factories import make_bike, make_user
from tests.live import OwnRedis, eventually, own_redis, web_server, worker

pytestmark = pytest.mark.django_db(transaction=True)
RIDES = 5
ANSWER_SECONDS = 1.0
SETTLED_SECONDS = 60


def ride(address: str, headers: dict[str, str], number: str) -> list[float]:
    """Rent and return; how long each answer took."""
    start = requests.post(f"{address}rentals/", headers=headers, json={"bike_number": number}, timeout=10)
    assert start.status_code == 201, start.text
    end = requests.post(f"{address}rentals/{start.json()['id']}/return/", headers=headers, json={}, timeout=10)
    assert end.status_code == 200, end.text
    return [start.elapsed.total_seconds(), end.elapsed.total_seconds()]


def is_all_settled() -> bool:
    return not Rental.objects.exclude(status="settled").exists()


def away(redis: OwnRedis, how: str) -> None:
    if how == "stopped":
        redis.stop()
    else:
        redis.signal(signal.SIGSTOP)


def back(redis: OwnRedis, how: str) -> None:
    if how == "stopped":
        redis.start()
    else:
        redis.signal(signal.SIGCONT)


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_rides_go_on_without_redis_and_are_settled_when_it_is_back(how: str, tmp_path: Path) -> None:
    bike, rider = make_bike(), make_user()
    with (
        own_redis(tmp_path) as redis,
        web_server(tmp_path / "web.log", REDIS_URL=redis.url) as address,
        worker(tmp_path / "worker.log", beat=True, REDIS_URL=redis.url),
    ):
        headers = bearer(login(f"{address}/api/v1/", rider.email))
        away(redis, how)
        seconds = [took for _ in range(RIDES) for took in ride(f"{address}/api/v1/", headers, bike.number)]
        assert max(seconds) < ANSWER_SECONDS
        assert Rental.objects.filter(status="returned").count() == RIDES
        time.sleep(6)  # long enough for the fast path to have given up
        back(redis, how)

        assert eventually(is_all_settled, SETTLED_SECONDS)


def test_the_sweep_alone_settles(tmp_path: Path) -> None:
    """Every wake-up of the web processes is lost: their broker is another one."""
    bike, rider = make_bike(), make_user()
    with (
        own_redis(tmp_path) as redis,
        web_server(tmp_path / "web.log") as address,
        worker(tmp_path / "worker.log", beat=True, REDIS_URL=redis.url),
    ):
        headers = bearer(login(f"{address}/api/v1/", rider.email))
        ride(f"{address}/api/v1/", headers, bike.number)

        assert eventually(is_all_settled, SETTLED_SECONDS)
