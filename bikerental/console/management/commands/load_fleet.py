"""Loads bikes and stations from files, as the console does."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bikerental.console.constants import BIKE_COLUMNS, FAULTS_SHOWN, FILE_BYTES_MAX, STATION_COLUMNS
from bikerental.console.services import fleet_files_check, fleet_files_load
from bikerental.console.types import Fault, FleetChecked, FleetFiles
from bikerental.core.db.clock import database_now
from bikerental.core.errors import Refusal
from bikerental.fleet.constants import ActorKind
from bikerental.fleet.types import Actor

ON_THE_HOST = Actor(ActorKind.OPERATOR)


class Command(BaseCommand):
    help = (
        "Add bikes and stations from CSV files, or change those that exist: all lines or, if one has a fault, none. "
        "A bike is known by its number, a station by its id or its name. Loading the same files again changes nothing. "
        "Exits with 1 if anything is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--stations", metavar="FILE", help=f"columns: {', '.join(STATION_COLUMNS)}")
        parser.add_argument("--bikes", metavar="FILE", help=f"columns: {', '.join(BIKE_COLUMNS)}")
        parser.add_argument("--dry-run", action="store_true", help="check the files and write nothing")

    def handle(self, **options: Any) -> None:
        paths = {name: options[name] for name in FleetFiles._fields}
        if not any(path is not None for path in paths.values()):
            raise CommandError("Name a file of --stations, one of --bikes, or both.")
        files = FleetFiles(**{name: read(path) for name, path in paths.items() if path is not None})
        checked = fleet_files_check(files)
        if checked.has_faults:
            raise CommandError(fault_list(checked, paths))
        self.stdout.write(summary(checked))
        if options["dry_run"]:
            self.stdout.write("Nothing was written: this was a dry run.")
            return
        try:
            fleet_files_load(files=files, actor=ON_THE_HOST, now=database_now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(self.style.SUCCESS("Written."))


def read(path: str) -> bytes:
    """At most one byte more than is allowed, which is enough to refuse a larger file."""
    try:
        with Path(path).open("rb") as file:
            return file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise CommandError(f"The file {path!r} cannot be read: {error}") from error


def fault_list(checked: FleetChecked, paths: dict[str, str]) -> str:
    faults = [
        (paths[name], fault)
        for name, file in zip(FleetFiles._fields, checked, strict=True)
        if file
        for fault in file.faults
    ]
    more = f"\n… and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    lines = "\n".join(fault_line(path, fault) for path, fault in faults[:FAULTS_SHOWN])
    return f"{lines}{more}\nNothing was written."


def fault_line(path: str, fault: Fault) -> str:
    place = [path, *([f"line {fault.line}"] if fault.line else []), *([fault.column] if fault.column else [])]
    return f"{', '.join(place)}: {fault.text}"


def summary(checked: FleetChecked) -> str:
    return "\n".join(
        f"{name.capitalize()}: {file.added} new, {file.changed} changed, {file.unchanged} as before"
        + (f"; {file.kept} stay where they are, because they are ridden, reserved or retired." if file.kept else ".")
        for name, file in zip(FleetFiles._fields, checked, strict=True)
        if file
    )
