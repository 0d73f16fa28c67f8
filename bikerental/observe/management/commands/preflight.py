"""Checks before a start whether it can succeed."""

from argparse import ArgumentParser
from typing import Any

from django.core.checks import ERROR, run_checks
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import connection


class Command(BaseCommand):
    help = (
        "Check the settings, and whether the database takes this role and password. Prints all faults at once and "
        "exits with 1; changes nothing. A deploy runs it in the new image before it replaces anything."
    )
    requires_system_checks: tuple[str, ...] = ()  # `handle` prints their faults beside the others

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--settings-only", action="store_true", help="ask no server: none may be running yet")

    def handle(self, **options: Any) -> None:
        faults = [f"{fault.id}: {fault.msg}" for fault in run_checks() if fault.level >= ERROR]
        if not options["settings_only"]:
            faults += self._database_faults()
            self._try_mail()
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write("The settings are sound.")

    def _database_faults(self) -> list[str]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('transaction_read_only')::boolean")
                (is_read_only,) = cursor.fetchone()
        except DatabaseError as error:
            return [f"The database refuses: {' '.join(str(error).split())}"]
        return ["The database is read-only: a standby, or default_transaction_read_only is on."] if is_read_only else []

    def _try_mail(self) -> None:
        """No mail server is no reason to stop: messages wait for it."""
        try:
            with get_connection():
                pass
        except OSError as error:
            self.stderr.write(f"Warning: the mail server of EMAIL_URL does not answer ({error}). Messages will wait.")
