"""`make bench ARGS=capacity`: the rate that the service can sustain, and its behaviour above that rate and afterwards.

`make bench ARGS=soak`: half an hour below that rate, with a check of memory and connections.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg2
import redis

from compose.bare.progress import UserError, say
from tests.load.__main__ import require_servers
from tests.load.arrivals import Tally, load, quantile
from tests.load.candidate import City, prepare
from tests.load.database import bikes_available, settle_down
from tests.load.mix import REQUESTS_EACH, Mix
from tests.load.server import Service

CITY = City(bikes=10_000, rentals=100_000, riders=5000, reads_only=False)
BIKES = 8000
TOO_MUCH = 0.01  # the share of requests that are not served
BEYOND = (1.5, 2.5)
RECOVERING = 0.3  # the share of the capacity that is offered right after the overload
NORMAL_TIMES, NORMAL_SECONDS = 2.0, 0.25
SOAK_SHARE = 0.6
GROWTH_MIB = 8.0
HEAD = (
    "| offered/s | served/s | shed/s | p50 ms | p95 ms | p99 ms | shed p99 ms | web MiB | worker MiB | connections | "
    "unanswered | tasks | other answers |\n|" + "---|" * 13
)


@dataclass
class Highest:
    """The highest figures of samples taken each second."""

    web_mib: float = 0.0
    worker_mib: float = 0.0
    connections: int = 0
    tasks: int = 0


@contextmanager
def watched(service: Service) -> Iterator[Highest]:
    highest, over = Highest(), threading.Event()
    url = service.environment["DATABASE_URL"]

    def watch() -> None:
        with (
            closing(psycopg2.connect(url, application_name="watcher")) as database,
            redis.Redis.from_url(service.environment["REDIS_URL"]) as broker,
            database.cursor() as cursor,
        ):
            database.autocommit = True
            while not over.wait(1):
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bikerental'")
                ((connections,),) = cursor.fetchall()
                highest.connections = max(highest.connections, connections)
                highest.web_mib = max(highest.web_mib, service.resident_mib())
                highest.worker_mib = max(highest.worker_mib, service.resident_mib("worker"))
                highest.tasks = max(highest.tasks, int(broker.llen("settling")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield highest
    finally:
        over.set()
        watcher.join()


class Trial:
    """A city, its riders, and the steps of load."""

    def __init__(self, service: Service, tokens: list[str]) -> None:
        self.service = service
        self._tokens = tokens
        self._chance = random.Random(1)
        self.mix = Mix(tokens, self._bikes(), self._chance)

    def _bikes(self) -> list[str]:
        return bikes_available(self.service.environment["DATABASE_URL"], limit=BIKES)

    def settle(self) -> None:
        """End open rides and wait for the worker, so that each step begins with a free city."""
        settle_down(self.service, self._tokens)
        self.mix.refill(self._bikes())

    def step(self, *, rate: float, seconds: float) -> tuple[Tally, Highest]:
        """Offer this many requests a second, and print the row of the step."""
        with watched(self.service) as highest:
            arrivals = load(
                self.service.url,
                self.mix.arrive,
                rate=rate / REQUESTS_EACH,
                seconds=seconds,
                chance=self._chance,
            )
            tally = asyncio.run(arrivals)
        say(row(tally, highest))
        return tally, highest


def row(tally: Tally, highest: Highest) -> str:
    served = tally.served
    turned_away = [answer for answer in tally.answers if answer.status == 503]
    cells = [
        *(f"{count / tally.seconds:.0f}" for count in (tally.offered, len(served), tally.shed)),
        *(f"{quantile(served, share) * 1000:.0f}" for share in (0.5, 0.95, 0.99)),
        f"{quantile(turned_away, 0.99) * 1000:.0f}" if turned_away else "-",
        f"{highest.web_mib:.0f}",
        f"{highest.worker_mib:.0f}",
        *(str(count) for count in (highest.connections, tally.open_max, highest.tasks)),
        ", ".join(f"{status}: {count}" for status, count in tally.others.items()) or "-",
    ]
    return f"| {' | '.join(cells)} |"


def is_too_much(tally: Tally) -> bool:
    return len(tally.served) < (1 - TOO_MUCH) * tally.offered


def capacity(trial: Trial, arguments: argparse.Namespace) -> int:
    say(HEAD)
    rate, best, normal = arguments.start, 0.0, 0.0
    while True:
        tally, _ = trial.step(rate=rate, seconds=arguments.seconds)
        best = max(best, len(tally.served) / tally.seconds)
        normal = normal or quantile(tally.served, 0.99)
        if is_too_much(tally):
            break
        trial.settle()
        rate *= arguments.times
    for times in BEYOND:
        trial.settle()
        tally, _ = trial.step(rate=rate * times, seconds=arguments.seconds)
        best = max(best, len(tally.served) / tally.seconds)
    say(f"\nThe load is over; {RECOVERING:.0%} of the capacity go on:\n\n{HEAD}")
    tally, _ = trial.step(rate=max(arguments.start, RECOVERING * best), seconds=arguments.seconds)
    limit = max(NORMAL_TIMES * normal, NORMAL_SECONDS)
    say(f"\nCapacity: {best:.0f} requests/s. Normal again, p99 of a second below {limit * 1000:.0f} ms:")
    say(back(tally, limit))
    trial.settle()
    return 0


def back(tally: Tally, limit: float) -> str:
    """The start of the last second whose p99 was above the limit, or in which a request was refused."""
    late = -1
    for second in range(int(tally.seconds)):
        of_it = [answer for answer in tally.answers if second <= answer.at < second + 1]
        if of_it and (quantile(of_it, 0.99) > limit or any(answer.status == 503 for answer in of_it)):
            late = second
    return "at once" if late < 0 else f"after {late + 1} s" if late + 1 < int(tally.seconds) else "not within the step"


def soak(trial: Trial, arguments: argparse.Namespace) -> int:
    rate = arguments.rate
    say(HEAD)
    if not rate:
        rate = arguments.start
        while True:
            tally, _ = trial.step(rate=rate, seconds=arguments.seconds)
            trial.settle()
            if is_too_much(tally):
                break
            rate *= arguments.times
        rate = SOAK_SHARE * len(tally.served) / tally.seconds
    say(f"\n{rate:.0f} requests/s, a row a minute:\n\n{HEAD}")
    rows = [trial.step(rate=rate, seconds=60)[1] for _ in range(arguments.minutes)]
    verdicts = [is_flat(name, [getattr(row, name) for row in rows], most) for name, most in GROWTHS.items()]
    return 0 if all(verdicts) else 1


GROWTHS = {"web_mib": GROWTH_MIB, "worker_mib": GROWTH_MIB, "connections": 0}


def is_flat(name: str, figures: list[float], most: float) -> bool:
    """Whether the last third exceeds the second one by no more than this. The first one warms up."""
    third = max(1, len(figures) // 3)
    before, after = median(figures[third : 2 * third] or figures), median(figures[-third:])
    flat = after - before <= most
    say(f"{'flat' if flat else 'GROWS'}  {name}: {before:.0f} in the second third, {after:.0f} in the last")
    return flat


COMMANDS: dict[str, Callable[[Trial, argparse.Namespace], int]] = {"capacity": capacity, "soak": soak}


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    try:
        require_servers()
        with tempfile.TemporaryDirectory(prefix="bikerental-capacity-") as folder:
            service = Service(Path(folder) / "city")
            tokens = prepare(service, CITY._replace(rentals=arguments.rentals))
            with service.running():
                say(f"\n{service.flags}\n")
                return COMMANDS[arguments.command](Trial(service, tokens), arguments)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='With make, options go into ARGS: make bench ARGS="soak --minutes 5"',
    )
    top.add_argument("command", choices=COMMANDS, help="which")
    top.add_argument("--start", type=float, default=40, help="requests a second of the first step (40)")
    top.add_argument("--times", type=float, default=1.5, help="each step offers so many times as much (1.5)")
    top.add_argument("--seconds", type=float, default=20, help="length of a step (20)")
    top.add_argument("--rentals", type=int, default=CITY.rentals, help="rides in the city before (100000)")
    top.add_argument("--minutes", type=int, default=30, help="length of the soak (30)")
    top.add_argument("--rate", type=float, help="requests a second of the soak (60 %% of what it found it can serve)")
    return top
