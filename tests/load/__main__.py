"""`make bench`: what the API does under load, beside what the same server does with nothing to do."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bikerental.users.constants import DEMO_PASSWORD
from compose.bare.progress import TroubleError, say, step
from compose.bare.state import ROOT
from tests.load.report import Figures, Run, print_bars, print_run
from tests.load.server import Service
from tests.load.wrk_client import CONNECTIONS, require_wrk, wrk

OPEN_LOADS = ("capacity", "soak")


class City(NamedTuple):
    bikes: int
    rentals: int
    riders: int
    reads_only: bool


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in OPEN_LOADS:
        from tests.load import capacity

        return capacity.main(sys.argv[1:])
    arguments = parser().parse_args()
    arguments.seconds = arguments.seconds or (2 if arguments.quick else 5)
    try:
        require_servers()
        require_wrk()
        with tempfile.TemporaryDirectory(prefix="bikerental-bench-") as folder:
            runs = [measure(city, arguments, Path(folder)) for city in cities(arguments)]
    except TroubleError as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 1
    print_bars(runs)
    return 0


def require_servers() -> None:
    if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
        raise TroubleError("DATABASE_URL and REDIS_URL are not set: run `make bench`, which brings servers.")


def cities(arguments: argparse.Namespace) -> list[City]:
    if arguments.quick:
        return [City(bikes=2000, rentals=20_000, riders=200, reads_only=False)]
    if not arguments.sizes:
        return [City(bikes=10_000, rentals=1_000_000, riders=1000, reads_only=False)]
    # Few riders, so that the first one's history fills a page in the smallest city too.
    return [City(bikes=size, rentals=size, riders=max(10, size // 1000), reads_only=True) for size in arguments.sizes]


def measure(city: City, arguments: argparse.Namespace, folder: Path) -> Run:
    service = Service(folder / f"city-{city.bikes}")
    os.environ |= service.environment
    tokens = prepare(city)

    import django

    django.setup()
    # These need Django set up, with the service's environment.
    from tests.load.cases import cases as all_cases
    from tests.load.cases import statements, write_inputs
    from tests.load.database import pgbench, settle_down

    chosen = [case for case in all_cases() if not (city.reads_only and case.name in {"login", "pairs"})]
    run = Run(title_of(city, service, arguments), {case.name: Figures() for case in chosen}, [], [])
    variables = {"BENCH_RIDERS": str(city.riders), "BENCH_PASSWORD": DEMO_PASSWORD}
    with service.running():
        for case in chosen:
            run.cases[case.name].statements = statements(case, tokens)
            write_inputs(case, service.state.folder / case.name, tokens)
        for number in range(-1, arguments.rounds):  # the first one warms up and is forgotten
            for case in chosen:
                inputs = service.state.folder / case.name
                seconds = arguments.seconds if number >= 0 else 1
                round_ = wrk(service.url, case.script, seconds=seconds, folder=inputs, environment=variables)
                drained = settle_down() if case.name == "pairs" else None
                if number >= 0:
                    run.cases[case.name].rounds.append(round_)
                    say(f"  round {number + 1}, {case.name}: {round_.rate:.0f} per s")
                if number >= 0 and case.name == "pairs":
                    run.drains.append(drained)
                    url = service.environment["DATABASE_URL"]
                    run.pgbench.append(pgbench(url, seconds=arguments.seconds, connections=CONNECTIONS))
        run.resident_mib = service.resident_mib()
    print_run(run)
    return run


def prepare(city: City) -> list[str]:
    with step("Migrating the database"):
        manage("migrate", "--noinput")
    with step(f"Making a city of {city.bikes:,} bikes and {city.rentals:,} rides"):
        sizes = {"bikes": city.bikes, "rentals": city.rentals, "users": city.riders, "stations": city.bikes // 25}
        manage("seed_demo", *(f"--{name}={size}" for name, size in sizes.items()))
    return manage("issue_tokens", f"--users={city.riders}", "--minutes=600").split()


def manage(*arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    if finished.returncode:
        raise TroubleError(f"`manage.py {arguments[0]}` failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def title_of(city: City, service: Service, arguments: argparse.Namespace) -> str:
    return (
        f"{city.bikes:,} bikes, {city.rentals:,} rides, {city.riders:,} riders; {CONNECTIONS} connections, the median "
        f"of {arguments.rounds} rounds of {arguments.seconds} s, {os.cpu_count()} cores\n{service.flags}"
    )


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        epilog='With make, options go into ARGS: make bench ARGS="--quick". ARGS=capacity offers more and more until '
        'it is too much, ARGS=soak less than that for half an hour; ARGS="capacity --help" tells of their options.',
    )
    top.add_argument("--quick", action="store_true", help="a minute on a small city: 2,000 bikes, 20,000 rides")
    top.add_argument(
        "--sizes", type=sizes_of, default=[], metavar="N,N", help="the reads alone at several sizes: 1000,1000000"
    )
    top.add_argument("--rounds", type=int, default=3, help="rounds of each case (3)")
    top.add_argument("--seconds", type=int, help="length of a round (5, or 2 with --quick)")
    return top


def sizes_of(text: str) -> list[int]:
    return sorted(int(number) for number in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
