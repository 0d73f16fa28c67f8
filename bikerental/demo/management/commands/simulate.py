"""Riders who use the service through its public API, until Ctrl-C."""

import os
import signal
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bikerental.demo.simulation.api import RefusedError, UnansweredError
from bikerental.demo.simulation.running import NoStationsError, Simulation

RIDERS_MAX, SPEED_MAX = 1000, 10_000


class Command(BaseCommand):
    help = (
        "Simulate riders: they register, log in, look for bikes, hold them, ride along the streets, return the bikes, "
        "and sometimes cancel, report or claim, all through the public API. Ctrl-C ends the rides, then the command."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = os.environ.get("PORT") or "8000"
        parser.add_argument(
            "--url", type=address, default=f"http://localhost:{port}", help="the service (http://localhost:8000)"
        )
        parser.add_argument("--riders", type=riders, default=50, metavar="N", help=f"1 to {RIDERS_MAX:,} (50)")
        parser.add_argument(
            "--speed",
            type=speed,
            default=60.0,
            metavar="N",
            help=f"simulated seconds in a real one, 1 to {SPEED_MAX:,} (60). The service's own clock does not change.",
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="N", help="riders with the same seed make the same choices (1)"
        )
        parser.add_argument(
            "--in-production",
            action="store_true",
            help="run although ENVIRONMENT is production: the riders' password is public",
        )

    def handle(self, *, url: str, riders: int, speed: float, seed: int, in_production: bool, **_: Any) -> None:
        if settings.ENVIRONMENT == "production" and not in_production:
            raise CommandError(
                "Nothing was started: this is production, and the simulated riders take bikes. To rehearse with "
                "them, add `--in-production`."
            )
        simulation = Simulation(url=url, riders=riders, speed=speed, seed=seed)
        if not simulation.api.is_reachable():
            raise CommandError(f"{url} does not answer. `make run` starts the service; --url names another.")
        self._write_line(f"{riders} riders at {url}, {speed:g} times as fast as real ones. Ctrl-C ends their rides.")
        try:
            with stopped_by_signals(simulation.clock.stop):
                simulation.run(self._write_line)
        except UnansweredError as error:
            raise CommandError(f"{url} is too busy or went away. Nothing was started.") from error
        except RefusedError as error:
            raise CommandError(f"The first rider could not log in at {url}: {error}.") from error
        except NoStationsError as error:
            raise CommandError(f"{url} has no station. `manage.py seed_demo` makes a city.") from error
        self.stdout.write(simulation.summary())
        if simulation.left():
            raise CommandError("Start the same simulation again to end these rides.")

    def _write_line(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Any:
    """The second signal ends the command at once, as without this."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop_once(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)
        stop()

    for number in before:
        signal.signal(number, stop_once)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def address(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.path.strip("/") or parts.query or parts.fragment:
        raise ArgumentTypeError(f"{text!r} is not an address such as http://localhost:8000")
    return text.rstrip("/")


def riders(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= RIDERS_MAX):
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {RIDERS_MAX:,}")
    return int(text)


def speed(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1 <= number <= SPEED_MAX:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {SPEED_MAX:,}")
    return number
