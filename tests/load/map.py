"""`make bench ARGS=map`: whether riders notice operators who look at the map."""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bikerental.demo.constants import DEMO_ADMIN_EMAIL
from compose.bare.progress import UserError, say, step
from tests.load.arrivals import load, quantile
from tests.load.candidate import City, prepare
from tests.load.database import bikes_available
from tests.load.looking import OPERATORS
from tests.load.mix import Mix
from tests.load.server import Service

CITY = City(bikes=10_000, rentals=100_000, riders=1000, reads_only=False)
RIDES_A_SECOND = 8.0
LOG_IN = f"""
from django.test import Client
from bikerental.users.models import User
client = Client()
client.force_login(User.objects.get(email={DEMO_ADMIN_EMAIL!r}))
print(client.cookies["sessionid"].value)
"""


class Round(NamedTuple):
    p99: float  # milliseconds of a request
    web: float  # processor seconds of web in a second
    database: float  # of PostgreSQL
    others: dict[str, int]  # answers that are no success


def main(arguments: list[str]) -> int:
    given = parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="bikerental-map-") as folder:
            pairs = measure(Path(folder), given.seconds, given.rounds)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for alone, looked_at in pairs:
        say(f"  alone {shown(alone)}; with {OPERATORS} open maps {shown(looked_at)}")
    times = median(looked_at.p99 / alone.p99 for alone, looked_at in pairs)
    say(f"\n  riders' p99 with open maps: {times:.2f} times that without, the median of {len(pairs)} pairs")
    say(f"  load of the machine: {os.getloadavg()[0]:.1f}")
    return 0


def shown(round_: Round) -> str:
    failed = f", {round_.others}" if round_.others else ""
    return f"p99 {round_.p99:.0f} ms, web {round_.web:.2f}, PostgreSQL {round_.database:.2f}{failed}"


def measure(folder: Path, seconds: int, rounds: int) -> list[tuple[Round, Round]]:
    """Riders alone, then with open maps, in turn, so that other load on the machine affects both."""
    service = Service(folder / "city")
    os.environ |= service.environment
    tokens = prepare(service, CITY)
    session = service.manage("shell", "--verbosity=0", "-c", LOG_IN).split()[-1]
    bikes = bikes_available(service.environment["DATABASE_URL"], limit=5000)
    with service.running(), step("Measuring"):
        ride(service, tokens, bikes, 3)
        pairs = []
        for _ in range(rounds):
            alone = ride(service, tokens, bikes, seconds)
            with looking(service.url, session):
                pairs.append((alone, ride(service, tokens, bikes, seconds)))
        return pairs


def ride(service: Service, tokens: list[str], bikes: list[str], seconds: int) -> Round:
    chance = random.Random(1)
    before = service.spent()
    rides = load(service.url, Mix(tokens, bikes, chance).ride, rate=RIDES_A_SECOND, seconds=seconds, chance=chance)
    tally = asyncio.run(rides)
    spent = service.spent().minus(before).divided(seconds)
    return Round(1000 * quantile(tally.served, 0.99), spent.web, spent.postgresql, tally.others)


@contextmanager
def looking(url: str, session: str) -> Iterator[None]:
    operators = subprocess.Popen([sys.executable, "-m", "tests.load.looking", url, session])
    try:
        time.sleep(8)  # each has the first answer
        yield
        if operators.poll() is not None:
            raise UserError("An operator could not open the map.")
    finally:
        operators.kill()
        operators.wait()


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="make bench ARGS=map", description=__doc__)
    top.add_argument("--seconds", type=int, default=10, help="length of a round (10)")
    top.add_argument("--rounds", type=int, default=3, help="rounds of riders with and without open maps (3)")
    return top
