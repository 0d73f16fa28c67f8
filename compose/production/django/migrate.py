"""Migrates under an advisory lock, so that of two deploys at once the second waits."""

import sys
import time

import django
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from bikerental.core.db.transactions import sqlstate

ADVISORY_KEY = 4_201_986  # any number that nothing else in this database uses
QUEUE_SECONDS = 600
ATTEMPTS = 5
PAUSE_SECONDS = 5
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"


def main() -> None:
    django.setup()
    if settings.DATABASE_POOLED:
        # Behind a pooler, the lock would stay in a session of the pooler.
        sys.exit("Migrations need a direct connection: set MIGRATE_DATABASE_URL to PostgreSQL, not to the pooler.")
    _take_turn()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            call_command("migrate", interactive=False)
        except OperationalError as error:
            # Requests hold a lock on the table. Stop waiting, so that new requests are not blocked, and try again
            # later.
            if sqlstate(error) not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED) or attempt == ATTEMPTS:
                raise
            sys.stderr.write(f"A table is busy; attempt {attempt} of {ATTEMPTS}.\n")
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _take_turn() -> None:
    """Hold the lock until the session ends. It ends with the process, also if that is killed."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{QUEUE_SECONDS}s'; SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        cursor.execute("RESET lock_timeout; RESET statement_timeout")


if __name__ == "__main__":
    main()
