from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from bikerental.core.work.schedule import declared_schedule, schedule_forget_future_runs, schedule_sync


class Command(BaseCommand):
    help = (
        "Put the declared periodic tasks into beat's table; what operators added or disabled stays. Rows that last "
        "ran in the future, because a clock was ahead, count from now."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        for name in schedule_sync(declared_schedule()):
            self.stdout.write(f"{name}: updated")
        for name in schedule_forget_future_runs(now=timezone.now()):
            self.stdout.write(f"{name}: last ran in the future, counts from now")
