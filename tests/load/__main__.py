"""`make bench`: the processor time of each request, compared with a view that does nothing."""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from compose.bare.progress import UserError, say
from tests.load.candidate import Candidate, City, other_service
from tests.load.cases import Case, cases, statements
from tests.load.database import bikes_available, pgbench, settle_down
from tests.load.report import Run, print_bars, print_comparison, print_run
from tests.load.server import Service
from tests.load.wrk_client import CONNECTIONS, require_wrk

OPEN_LOADS = ("capacity", "soak")
WRITES = ("login", "pairs", "ten-a-second")


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in OPEN_LOADS:
        from tests.load import capacity

        return capacity.main(sys.argv[1:])
    if sys.argv[1:2] == ["feeds"]:
        from tests.load import feeds

        return feeds.main(sys.argv[2:])
    if sys.argv[1:2] == ["figures"]:
        from tests.load import figures

        return figures.main(sys.argv[2:])
    if sys.argv[1:2] == ["map"]:
        from tests.load import map as open_maps

        return open_maps.main(sys.argv[2:])
    arguments = parser().parse_args()
    arguments.seconds = arguments.seconds or (2 if arguments.quick else 5)
    try:
        require_servers()
        require_wrk()
        with tempfile.TemporaryDirectory(prefix="bikerental-bench-") as folder:
            runs = [measure(city, arguments, Path(folder)) for city in cities(arguments)]
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print_bars(runs)
    return 0


def require_servers() -> None:
    if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
        raise UserError("DATABASE_URL and REDIS_URL are not set: run `make bench`, which brings servers.")


def cities(arguments: argparse.Namespace) -> list[City]:
    if arguments.quick:
        return [City(bikes=2000, rentals=20_000, riders=200, reads_only=False)]
    if not arguments.sizes:
        return [City(bikes=10_000, rentals=1_000_000, riders=1000, reads_only=False)]
    # Few riders, so that the first one's history fills a page in the smallest city too.
    return [City(bikes=size, rentals=size, riders=max(10, size // 1000), reads_only=True) for size in arguments.sizes]


def measure(city: City, arguments: argparse.Namespace, folder: Path) -> Run:
    chosen = chosen_cases(arguments, city)
    service = Service(folder / f"city-{city.bikes}")
    os.environ |= service.environment
    ours = Candidate(service, city, chosen)
    candidates = [ours]
    if arguments.against:
        other = other_service(arguments.against, folder / f"other-{city.bikes}")
        candidates.append(Candidate(other, city, chosen))
    say(title_of(city, arguments))
    with ExitStack() as running:
        for candidate in candidates:
            running.enter_context(candidate.running())
        count_statements(ours, chosen)
        measure_in_turn(candidates, chosen, arguments)
        if "pairs" in ours.run.cases:
            ours.run.pgbench.append(pgbench(ours.url, seconds=arguments.seconds, connections=CONNECTIONS))
    for candidate in candidates:
        print_run(candidate.run)
    if arguments.against:
        print_comparison(ours.run, candidates[1].run)
    return ours.run


def measure_in_turn(candidates: list[Candidate], chosen: list[Case], arguments: argparse.Namespace) -> None:
    """Measure round by round, so that other load on the machine affects both. The order alternates."""
    for case in chosen:
        for candidate in candidates:
            candidate.warm_up(case)
    for candidate in candidates:
        candidate.rest()
    for number in range(arguments.rounds):
        for case in chosen:
            for candidate in candidates if number % 2 else reversed(candidates):
                candidate.measure(case, seconds=arguments.seconds)


def chosen_cases(arguments: argparse.Namespace, city: City) -> list[Case]:
    possible = [case for case in cases() if not (city.reads_only and case.name in WRITES)]
    if unknown := set(arguments.only) - {case.name for case in possible}:
        raise UserError(f"No such case: {', '.join(sorted(unknown))}. There are: {', '.join(CASES)}.")
    return [case for case in possible if not arguments.only or case.name in {"empty view", *arguments.only}]


def count_statements(candidate: Candidate, chosen: list[Case]) -> None:
    import django

    django.setup()  # here, because it needs the service's environment
    for case in chosen:
        if case.script:
            bike = bikes_available(candidate.url, limit=1)[0]
            candidate.run.cases[case.name].statements = statements(case, candidate.tokens, bike)
    settle_down(candidate.service, candidate.tokens)


def title_of(city: City, arguments: argparse.Namespace) -> str:
    return (
        f"\n{city.bikes:,} bikes, {city.rentals:,} rides, {city.riders:,} riders; {CONNECTIONS} connections, "
        f"the median of {arguments.rounds} rounds of {arguments.seconds} s, {os.cpu_count()} cores\n"
    )


CASES = [case.name for case in cases()]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        epilog='With make, options go into ARGS: make bench ARGS="--quick". ARGS=capacity offers more and more until '
        "it is too much, ARGS=soak less than that for half an hour; ARGS=feeds measures the public feed of a large "
        "city, ARGS=figures the page of figures of 10,000,000 rides, ARGS=map whether riders notice operators with "
        'the map open. ARGS="capacity --help" tells of their options.',
    )
    top.add_argument("--quick", action="store_true", help="two minutes on a small city: 2,000 bikes, 20,000 rides")
    top.add_argument(
        "--sizes", type=sizes_of, default=[], metavar="N,N", help="the reads alone at several sizes: 1000,1000000"
    )
    top.add_argument(
        "--against",
        type=checkout,
        metavar="FOLDER",
        help="measure another checkout in turn with this one, and compare them; "
        "`git worktree add ../before COMMIT` makes one",
    )
    top.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=[],
        metavar="CASE,CASE",
        help=f"some of the cases, beside the empty view: {', '.join(CASES)}",
    )
    top.add_argument("--rounds", type=int, default=3, help="rounds of each case (3)")
    top.add_argument("--seconds", type=int, help="length of a round (5, or 2 with --quick)")
    return top


def sizes_of(text: str) -> list[int]:
    return sorted(int(number) for number in text.split(","))


def checkout(text: str) -> Path:
    folder = Path(text).resolve()
    if not (folder / "tests" / "load" / "server.py").is_file():
        raise argparse.ArgumentTypeError(f"{folder} is no checkout of this project with a benchmark in it")
    return folder


if __name__ == "__main__":
    sys.exit(main())
