"""Fills the database with an invented city."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from bikerental.console.constants import ROLES
from bikerental.demo.city import DemoImpossibleError, Size
from bikerental.demo.constants import DEMO_ADMIN_EMAIL, DEMO_EMAIL_DOMAIN, DEMO_PASSWORD, DEMO_RIDER_EMAIL
from bikerental.demo.loading import ForeignDataError, NotMigratedError, TablesInUseError, city_load

BAR = 30


class Command(BaseCommand):
    help = (
        "Fill the database with an invented city: stations, bikes, riders and settled rides up to now. The same "
        "arguments with the same --until make the same rows. One transaction replaces the rows of an earlier run, and "
        "everything that was done with them since. It locks the tables until it ends."
    )
    requires_system_checks = ()  # `--if-empty` runs at every start, and the checks would slow it down

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bikes", type=positive, default=500, metavar="N", help="bikes (500)")
        parser.add_argument("--stations", type=positive, default=40, metavar="N", help="stations (40)")
        parser.add_argument(
            "--users",
            type=positive,
            default=50,
            metavar="N",
            help="riders, besides the one operator (50)",
        )
        parser.add_argument(
            "--rentals",
            type=natural,
            default=2500,
            metavar="N",
            help="settled rides (2500)",
        )
        parser.add_argument(
            "--until",
            type=moment,
            metavar="TIME",
            help="end of the city's past, such as 2026-01-01T00:00:00Z (now)",
        )
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="do nothing if there are users or a fleet already",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="remove ALL data, even if other people have accounts here",
        )
        parser.add_argument(
            "--in-production",
            action="store_true",
            help="run although ENVIRONMENT is production, for a rehearsal: the operator's password is public",
        )

    def handle(self, **options: Any) -> None:
        size = Size(*(options[name] for name in Size._fields))
        started = time.monotonic()
        if settings.ENVIRONMENT == "production" and not options["in_production"]:
            raise CommandError(
                "Nothing was changed: this is production, and the demo city brings an operator whose password "
                "is public. To rehearse with it, add `--in-production`."
            )
        try:
            done = city_load(
                size=size,
                ends_at=options["until"] or timezone.now().replace(microsecond=0),
                if_empty=options["if_empty"],
                replace_foreign=options["force"],
                progress=ShownProgress(self.stdout),  # type: ignore[arg-type] # Django's wrapper has what is used
            )
        except DemoImpossibleError as error:
            raise CommandError(f"{error} Take fewer --rentals, or more --users and --bikes.") from error
        except ForeignDataError as error:
            raise CommandError(
                f"Nothing was changed: this database holds {error}. `--force` removes them with everything else."
            ) from error
        except NotMigratedError as error:
            raise CommandError("The database has no tables yet: run `manage.py migrate` first.") from error
        except TablesInUseError as error:
            raise CommandError("Nothing was changed: the tables are in use. Stop the stack and try again.") from error
        self.stdout.write(self._summary(size, time.monotonic() - started) if done else "There is data already.")

    def _summary(self, size: Size, seconds: float) -> str:
        return (
            f"Demo City has {size.bikes:,} bikes, {size.stations:,} stations, {size.users:,} riders and "
            f"{size.rentals:,} settled rides, made in {seconds:.1f} s. Earlier data was removed.\n"
            f"Log in as {DEMO_RIDER_EMAIL} or {DEMO_ADMIN_EMAIL}, password {DEMO_PASSWORD}. Operators of one role: "
            f"{', '.join(f'{role}@{DEMO_EMAIL_DOMAIN}' for role in ROLES)}, the same password."
        )


class ShownProgress:
    """A progress bar on a terminal, otherwise a line for each kind of row."""

    def __init__(self, output: TextIO) -> None:
        self.output = output
        self.is_terminal = output.isatty()

    def begin(self, title: str, rows: int) -> None:
        self.title, self.rows, self.done, self.started = (
            title,
            rows,
            0,
            time.monotonic(),
        )
        self.advance(0)

    def advance(self, rows: int) -> None:
        self.done += rows
        if self.is_terminal:
            filled = BAR * self.done // self.rows if self.rows else 0
            self.output.write(f"\r{self.title:18} [{'#' * filled:{BAR}}] {self.done:,} ", ending="")  # type: ignore[call-arg]
            self.output.flush()

    def end(self) -> None:
        seconds = time.monotonic() - self.started
        count = f"{self.rows:,} in " if self.rows else ""
        if self.is_terminal:
            self.output.write(f"\r{self.title:18} [{'#' * BAR}] {count}{seconds:.1f} s")
        elif seconds > 0.5:
            self.output.write(f"{self.title}: {count}{seconds:.1f} s")


def moment(text: str) -> datetime:
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} is not a time with its zone, such as 2026-01-01T00:00:00Z")
    return parsed.astimezone(UTC).replace(microsecond=0)


def natural(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 100_000_000:
        raise ArgumentTypeError(f"{text!r} is not a number from 0 to 100,000,000")
    return number


def positive(text: str) -> int:
    if not (number := natural(text)):
        raise ArgumentTypeError("there must be one at least")
    return number
