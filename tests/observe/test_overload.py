"""More requests than the real server can serve: some are served in time, the others refused, and it recovers."""

import asyncio
import random
import time
from pathlib import Path

import pytest
import requests

from tests.factories import PASSWORD, make_bike, make_user
from tests.live import web_server
from tests.load.arrivals import Client, Tally, load, quantile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# A large page of the costliest list, so that generating the load and refusing cost little compared with serving. The
# requests of half a second must fit into the 1,536 connections that a process and the kernel hold.
BIKES = 100
PATH = f"/api/v1/bikes/?lat=59.93&lon=30.31&page_size={BIKES}"  # where the factories place a bike
CLIENTS, CLOSED_SECONDS = 32, 4.0
TIMES, SECONDS = 2, 12.0
THREADS, BURST = 8, 256


def log_in(address: str) -> str:
    body = {"email": make_user().email, "password": PASSWORD}
    token: str = requests.post(f"{address}/api/v1/auth/token/", json=body, timeout=30).json()["access"]
    return token


async def ask_again_and_again(address: str, token: str) -> Tally:
    """A few clients, each of which waits for its answer before it asks again."""
    tally = Tally(CLOSED_SECONDS)
    started = time.monotonic()
    client = Client(address, tally, started=started)

    async def one() -> None:
        while time.monotonic() < started + CLOSED_SECONDS:
            await client.ask("GET", PATH, token=token, due=time.monotonic())

    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    client.close()
    return tally


def test_under_overload_the_served_are_in_time(tmp_path: Path) -> None:
    for _ in range(BIKES):
        make_bike()
    # One process, so that a core is left for the load.
    with web_server(tmp_path / "web.log", processes=1) as address:
        token = log_in(address)

        async def arrive(client: Client, due: float) -> None:
            await client.ask("GET", PATH, token=token, due=due)

        closed = asyncio.run(ask_again_and_again(address, token))
        capacity = len(closed.served) / closed.seconds
        rate = TIMES * capacity
        tally = asyncio.run(load(address, arrive, rate=rate, seconds=SECONDS, chance=random.Random(1)))
        afterwards = asyncio.run(load(address, arrive, rate=0.2 * capacity, seconds=3, chance=random.Random(2)))

    figures = f"{capacity=:.0f} {rate=:.0f} served={len(tally.served)} shed={tally.shed} late={tally.late_max:.2f}"
    assert (closed.shed, closed.others) == (0, {}), figures
    assert tally.others == {}, figures
    assert tally.shed > 0, figures
    # Refusing must not take the time that serving needs. The load runs on the same cores.
    assert len(tally.served) > 0.3 * capacity * SECONDS, figures
    # At most a burst waits before a served request. Without refusals the last request would wait as long as the load
    # lasts. The load itself may be late on a busy machine.
    most = 2 * (BURST + THREADS) / capacity
    assert quantile(tally.served, 0.99) < most + 1 + tally.late_max, figures
    assert max(answer.at for answer in tally.answers) < SECONDS + tally.late_max + 10, figures
    assert (afterwards.shed, afterwards.others) == (0, {}), figures
