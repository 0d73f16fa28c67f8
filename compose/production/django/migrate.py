"""Migrates under an advisory lock, so that two deploys queue instead of colliding."""

import sys
import time

import django
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from bikerental.core.db.transactions import sqlstate

ADVISORY_KEY = 4_201_986  # any number, as long as nothing else of this database takes the same
QUEUE_SECONDS = 600
ATTEMPTS = 5
PAUSE_SECONDS = 5
LOCK_NOT_AVAILABLE = "55P03"


def main() -> None:
    django.setup()
    if settings.DATABASE_POOLED:
        # The lock would be left behind in some session of the pooler.
        sys.exit("Migrations need PostgreSQL itself: set MIGRATE_DATABASE_URL to it, past the pooler.")
    _take_turn()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            call_command("migrate", interactive=False)
        except OperationalError as error:
            # Traffic held a table: give way and ask again, rather than hold the traffic up.
            if sqlstate(error) != LOCK_NOT_AVAILABLE or attempt == ATTEMPTS:
                raise
            sys.stderr.write(f"A table is busy; attempt {attempt} of {ATTEMPTS}.\n")
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _take_turn() -> None:
    """Hold the lock for the rest of the session: it ends with the process, however that ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{QUEUE_SECONDS}s'; SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        cursor.execute("RESET lock_timeout; RESET statement_timeout")


if __name__ == "__main__":
    main()
