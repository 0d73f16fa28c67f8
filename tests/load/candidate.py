"""A measured checkout: its service, its own city, and the figures of each case."""

import asyncio
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bikerental.demo.constants import DEMO_PASSWORD
from compose.bare.progress import say, step
from compose.bare.state import ROOT
from tests.load.arrivals import Tally, load, quantile
from tests.load.cases import RIDES_A_SECOND, Case, write_inputs
from tests.load.database import bikes_available, count_of, database_create, settle_down
from tests.load.mix import Mix
from tests.load.processor import costs_each
from tests.load.report import Figures, Run
from tests.load.server import Service, run
from tests.load.wrk_client import Round, wrk

BIKES = 9600
REST_SECONDS = 3.0


class City(NamedTuple):
    bikes: int
    rentals: int
    riders: int
    reads_only: bool


def prepare(service: Service, city: City) -> list[str]:
    """Fill the service's database. Returns a token for each rider."""
    with step("Migrating the database"):
        service.manage("migrate", "--noinput")
    with step(f"Making a city of {city.bikes:,} bikes and {city.rentals:,} rides"):
        sizes = {"bikes": city.bikes, "rentals": city.rentals, "users": city.riders, "stations": city.bikes // 25}
        service.manage("seed_demo", *(f"--{name}={size}" for name, size in sizes.items()))
    return service.manage("issue_tokens", f"--users={city.riders}", "--minutes=600").split()


def other_service(root: Path, folder: Path) -> Service:
    """The service of another checkout, on a database of its own."""
    with step(f"Preparing {root}"):
        run(["python3", "-m", "compose.bare.bootstrap", "true"], root=root, environment=dict(os.environ))
    servers = {
        "DATABASE_URL": database_create(os.environ["DATABASE_URL"], f"bench_{folder.name.replace('-', '_')}"),
        "REDIS_URL": f"{os.environ['REDIS_URL'].rstrip('/').removesuffix('/0')}/1",
    }
    return Service.of_checkout(root, folder, servers)


def commit_of(root: Path) -> str:
    """The short commit, with a plus if files have changed since."""
    command = ["git", "describe", "--always", "--abbrev=7", "--exclude=*", "--dirty=+"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout.strip() or "no commit"


class Candidate:
    def __init__(self, service: Service, city: City, cases: list[Case]) -> None:
        self.service = service
        self.name = "this checkout" if service.root == ROOT else str(service.root)
        self.commit = commit_of(service.root)
        self.tokens = prepare(service, city)
        self.url = service.environment["DATABASE_URL"]
        self._riders = city.riders
        title = f"{self.name}, {self.commit}\n{service.flags}"
        self.run = Run(title, {case.name: Figures() for case in cases}, [], [], commit=self.commit)

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.service.running():
            yield
            self.run.resident_mib = self.service.resident_mib()

    def warm_up(self, case: Case) -> None:
        write_inputs(case, self._folder(case), self.tokens, bikes_available(self.url, limit=BIKES))
        self._round(case, seconds=1)
        self._come_to_rest(case)

    def rest(self) -> None:
        """Measure the idle service: a worker that waits for tasks wakes up often."""
        before = self.service.spent()
        time.sleep(REST_SECONDS)
        self._idle = self.service.spent().minus(before).divided(REST_SECONDS)

    def measure(self, case: Case, *, seconds: float) -> None:
        before = count_of(self.url, case.rows) if case.rows else 0
        started, spent = time.monotonic(), self.service.spent()
        round_ = self._round(case, seconds=seconds)
        drained = self._come_to_rest(case)
        spent = self.service.spent().minus(spent).minus(self._idle, times=time.monotonic() - started)
        requests = count_of(self.url, case.rows) - before if case.rows else round(round_.rate * seconds)
        figures = self.run.cases[case.name]
        figures.rounds.append(round_)
        figures.costs.append(costs_each(spent, requests=requests))
        if case.rides:
            self.run.drains.append(drained)
        say(f"  {case.name}, {self.commit}: {round_.rate:.0f} per s, {figures.costs[-1].total:.2f} ms each")

    def _round(self, case: Case, *, seconds: float) -> Round:
        if not case.script:
            return self._ride_by_chance(seconds)
        variables = {"BENCH_RIDERS": str(self._riders), "BENCH_PASSWORD": DEMO_PASSWORD}
        return wrk(self.service.url, case.script, seconds=seconds, folder=self._folder(case), environment=variables)

    def _ride_by_chance(self, seconds: float) -> Round:
        chance = random.Random(1)
        mix = Mix(self.tokens, bikes_available(self.url, limit=BIKES), chance)
        rides = load(self.service.url, mix.ride, rate=RIDES_A_SECOND, seconds=seconds, chance=chance)
        return round_of(asyncio.run(rides))

    def _come_to_rest(self, case: Case) -> float | None:
        """Wait for requests that wrk cut off and, after rides, for the worker."""
        if case.rides:
            return settle_down(self.service, self.tokens)
        time.sleep(0.3)
        return None

    def _folder(self, case: Case) -> Path:
        return self.service.state.folder / case.name.replace("/", " a ")


def round_of(tally: Tally) -> Round:
    """The round of a load of rides, which have two requests each."""
    p50, p95, p99 = (quantile(tally.served, share) * 1000 for share in (0.5, 0.95, 0.99))
    failures = ", ".join(f"{status} {count}" for status, count in tally.others.items())
    return Round(len(tally.served) / 2 / tally.seconds, p50, p95, p99, bytes_each=0, failures=failures)
