from typing import Any

from django.core.management.base import BaseCommand

from bikerental.core.services import schedule_sync


class Command(BaseCommand):
    help = "Put the declared periodic tasks into beat's table; what operators added or disabled stays."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for name in schedule_sync():
            self.stdout.write(f"{name}: updated")
