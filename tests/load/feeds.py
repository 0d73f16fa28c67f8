"""`make bench ARGS=feeds`: what the public feed of a large city costs, and whether riders notice its readers."""

import argparse
import asyncio
import json
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
from typing import Any, NamedTuple

from compose.bare.progress import UserError, say, step
from tests.load.arrivals import load, quantile
from tests.load.candidate import City, prepare
from tests.load.database import asking, bikes_available
from tests.load.mix import Mix
from tests.load.server import Service
from tests.load.wrk_client import require_wrk, wrk

CITY = City(bikes=2000, rentals=20_000, riders=200, reads_only=False)
LARGEST = "/gbfs/3/vehicle_status.json"
BARE = "/bench/bare/"
BUILDS = 3
RIDER_RATE = 20.0  # arrivals a second
BUILD_SECONDS_MAX, BUILD_MIB_MAX = 1.5, 300
NOT_MODIFIED_MAX = 0.3  # of what the bare view takes
FULL_MS_MAX = 2.0
P99_MAX = 1.2  # times as long while there are readers


class Bar(NamedTuple):
    text: str
    figure: float
    most: float


def main(arguments: list[str]) -> int:
    given = parser().parse_args(arguments)
    try:
        require_wrk()
        with tempfile.TemporaryDirectory(prefix="bikerental-feeds-") as folder:
            bars = measure(Path(folder), given.seconds, given.rounds)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for bar in bars:
        say(f"  {'met   ' if bar.figure <= bar.most else 'MISSED'}  {bar.text} at most {bar.most}: {bar.figure:.2f}")
    return 0


def measure(folder: Path, seconds: int, rounds: int) -> list[Bar]:
    service = Service(folder / "city")
    os.environ |= service.environment
    tokens = prepare(service, CITY)
    with step("Adding 10,000 stations and 100,000 bikes"), asking(service.environment["DATABASE_URL"]) as cursor:
        cursor.execute(Path(__file__).with_name("feed_city.sql").read_text())
    with building(service) as builder:
        builds = [json.loads(builder.stdout.readline()) for _ in range(BUILDS)]
        with service.running():
            costs = {name: cost_ms(service, folder, seconds, *case) for name, case in CASES.items()}
            p99s = riders_p99s(service, tokens, seconds, rounds)
    say(f"\n  processor milliseconds of web: {', '.join(f'{name} {ms:.3f}' for name, ms in costs.items())}")
    say(f"  riders' p99 in milliseconds, alone and with readers: {[tuple(round(x) for x in pair) for pair in p99s]}\n")
    return [
        Bar("processor seconds of a build", median(each["seconds"] for each in builds), BUILD_SECONDS_MAX),
        Bar("MiB of the process that builds", max(each["mib"] for each in builds), BUILD_MIB_MAX),
        Bar("a 304 as a share of the bare view", costs["304"] / costs["bare view"], NOT_MODIFIED_MAX),
        Bar("milliseconds of the largest file", costs["200"], FULL_MS_MAX),
        Bar("riders' p99 with readers, times", median(busy / alone for alone, busy in p99s), P99_MAX),
    ]


# The path, and the header that is sent.
CASES = {
    "bare view": (BARE, "Accept: */*"),
    "304": (LARGEST, "If-None-Match: *"),
    "200": (LARGEST, "Accept-Encoding: gzip"),
}


def cost_ms(service: Service, folder: Path, seconds: int, path: str, header: str) -> float:
    """Web's processor time for each request."""
    (folder / "paths.txt").write_text(f"{path}\n")
    ask = {"seconds": seconds, "folder": folder, "environment": {"BENCH_HEADER": header}}
    wrk(service.url, "feed.lua", **ask | {"seconds": 1})
    before = service.spent().web
    round_ = wrk(service.url, "feed.lua", **ask)
    if round_.failures:
        raise UserError(f"{path}: {round_.failures}")
    return 1000 * (service.spent().web - before) / (round_.rate * seconds)


def riders_p99s(service: Service, tokens: list[str], seconds: int, rounds: int) -> list[tuple[float, float]]:
    """Pairs in milliseconds: alone, and while clients read the feed. Rounds alternate."""
    bikes = bikes_available(service.environment["DATABASE_URL"], limit=1000)
    return [
        (p99(service, tokens, bikes, seconds), p99_with_readers(service, tokens, bikes, seconds)) for _ in range(rounds)
    ]


def p99(service: Service, tokens: list[str], bikes: list[str], seconds: int) -> float:
    chance = random.Random(1)
    mix = Mix(tokens, bikes, chance)
    tally = asyncio.run(load(service.url, mix.arrive, rate=RIDER_RATE, seconds=seconds, chance=chance))
    return 1000 * quantile(tally.served, 0.99)


def p99_with_readers(service: Service, *load: Any) -> float:
    readers = subprocess.Popen([sys.executable, "-m", "tests.load.polling", service.url])
    try:
        time.sleep(2)
        return p99(service, *load)
    finally:
        readers.kill()
        readers.wait()


@contextmanager
def building(service: Service) -> Iterator[Any]:
    """As beat and worker do it."""
    command = [sys.executable, "-m", "tests.load.building"]
    with subprocess.Popen(command, env=service.environment, cwd=service.root, stdout=subprocess.PIPE, text=True) as it:
        try:
            yield it
        finally:
            it.kill()


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="make bench ARGS=feeds", description=__doc__)
    top.add_argument("--seconds", type=int, default=5, help="length of a round (5)")
    top.add_argument("--rounds", type=int, default=3, help="rounds of riders with and without readers (3)")
    return top
