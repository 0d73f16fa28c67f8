"""A column gets another type while processes run, as during a deploy: no request is answered 500."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.clients import RiderClient
from tests.factories import make_bike, make_user
from tests.live import web_server
from tests.retyping import retyped

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
RIDERS = 8
COLUMNS = (("fleet_bikemodel", "name"), ("fleet_tariff", "name"), ("fleet_station", "name"), ("users_user", "name"))
READS = ("bikes/?status=any", "bikes/?status=any&lat=59.93&lon=30.31&radius=500", "rentals/", "stations/", "me/")


def ride(address: str, client: RiderClient, number: str) -> list[int]:
    """Every prepared statement: reads, a rent, a return."""
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {client.tokens.access}"
    statuses = [http.get(f"{address}/api/v1/{path}", timeout=30).status_code for path in READS]
    rent = http.post(f"{address}/api/v1/rentals/", json={"bike_number": number}, timeout=30)
    statuses.append(rent.status_code)
    if rent.status_code == 201:
        back = http.post(f"{address}/api/v1/rentals/{rent.json()['id']}/return/", timeout=30)
        statuses.append(back.status_code)
    return statuses


def test_every_request_is_answered(tmp_path: Path) -> None:
    riders = [(RiderClient(make_user()), make_bike().number) for _ in range(RIDERS)]
    log = tmp_path / "web.log"
    with web_server(log, processes=1) as address, ThreadPoolExecutor(RIDERS) as pool:

        def all_ride() -> set[int]:
            return {status for each in pool.map(lambda rider: ride(address, *rider), riders) for status in each}

        warm = all_ride() | all_ride()
        with retyped(*COLUMNS):
            after = all_ride() | all_ride()
        back = all_ride()

    assert (warm, after, back) == ({200, 201}, {200, 201}, {200, 201})
    assert "Unhandled" not in log.read_text()
