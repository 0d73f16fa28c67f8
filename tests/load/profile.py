"""`python -m tests.load.profile`: profiles the list, the rent and the return in one process.

It needs servers:
    python3 -m compose.bare.bootstrap python -m compose.bare with-services --durable -- python -m tests.load.profile
"""

import cProfile
import json
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.load.candidate import City, prepare
from tests.load.cases import BIKES, RENTALS
from tests.load.database import bikes_available
from tests.load.server import Service

TIMES = 200


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bikerental-profile-") as folder:
        service = Service(Path(folder))
        os.environ |= service.environment
        tokens = prepare(service, City(bikes=2000, rentals=20_000, riders=200, reads_only=False))

        import django

        django.setup()
        from django.test import Client  # needs Django set up

        client = Client(SERVER_NAME="localhost", headers={"authorization": f"Bearer {tokens[0]}"})
        bikes = bikes_available(service.environment["DATABASE_URL"], limit=TIMES + 1)
        rides: list[str] = []

        def post(path: str, body: dict[str, str]) -> bytes:
            return client.post(path, json.dumps(body), content_type="application/json").content

        def rent(number: int) -> None:
            rides.append(json.loads(post(RENTALS, {"bike": bikes[number]}))["id"])

        def give_back(number: int) -> None:
            post(f"{RENTALS}{rides[-1]}/return/", {})

        for title, steps in {
            "empty view": [lambda number: client.get("/bench/empty/")],
            "list": [lambda number: client.get(BIKES)],
            "near": [lambda number: client.get(f"{BIKES}?lat=59.93&lon=30.31&radius=1000")],
            "history": [lambda number: client.get(RENTALS)],
            "rent and return": [rent, give_back],
        }.items():
            show(title, steps)
    return 0


def show(title: str, steps: list[Callable[[int], object]]) -> None:
    """Print each step's time without the profiler, then the profile of all together."""
    profiles = [cProfile.Profile() for _ in steps]
    clock = [0.0 for _ in steps]
    for number in range(-1, TIMES):
        is_profiled = number >= TIMES // 2
        for index, step in enumerate(steps):
            started = time.perf_counter()
            (profiles[index].runcall(step, number + 1) if is_profiled else step(number + 1))
            if number >= 0 and not is_profiled:
                clock[index] += time.perf_counter() - started
    for step, profile, seconds in zip(steps, profiles, clock, strict=True):
        name = "" if len(steps) == 1 else f", {step.__name__}"
        sys.stdout.write(f"\n=== {title}{name}: {seconds / (TIMES // 2) * 1000:.2f} ms a request\n")
        pstats.Stats(profile).strip_dirs().sort_stats("cumulative").print_stats(45)
        pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(15)


if __name__ == "__main__":
    sys.exit(main())
