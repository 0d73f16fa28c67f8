import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from bikerental.figures.services import figures_keep, figures_rebuild

PROGRESS_SECONDS = 5


class Command(BaseCommand):
    help = (
        "Count the days that have changed, for the page of figures, as the hourly task does, but until none is left. "
        "It may run beside the task, be stopped, and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="count every day again. Needed only after rows were written with earlier times, as by an import. Of "
            "days so old that their rides have no places any more, or the log of bikes is deleted, these counts stay.",
        )

    def handle(self, *, rebuild: bool, **_: Any) -> None:
        self.started = self.reported_at = time.monotonic()
        count = figures_rebuild if rebuild else figures_keep
        done = count(now=timezone.now(), progress=self._progress)
        self.stdout.write(f"{done:,} days were counted in {time.monotonic() - self.started:.1f} s")

    def _progress(self, day: date, done: int, of: int) -> None:
        if time.monotonic() - self.reported_at >= PROGRESS_SECONDS:
            self.reported_at = time.monotonic()
            self.stdout.write(f"{done:,} of {of:,} days, back to {day}")
