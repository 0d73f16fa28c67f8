"""Migrates as the schema's owner, under an advisory lock, so that of two deploys at once the second waits."""

import os
import sys
import time

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection

from bikerental.core.db.transactions import sqlstate
from config.environment import faults_of

ADVISORY_KEY = 4_201_986  # any number that nothing else in this database uses
QUEUE_SECONDS = 600
ATTEMPTS = 5
PAUSE_SECONDS = 5
TURN_SECONDS = 0.5
UNFINISHED = r"""
SELECT index.indexrelid::regclass::text FROM pg_index AS index JOIN pg_class ON pg_class.oid = index.indexrelid
 WHERE NOT index.indisvalid AND pg_class.relnamespace = 'public'::regnamespace AND pg_class.relkind = 'i'
   AND pg_class.relname !~ '_cc(new|old)[0-9]*$'
"""
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"


def main() -> None:
    os.environ.setdefault("DATABASE_ROLE", "owner")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(faults_of(error))
    if settings.DATABASE_POOLED:
        # Behind a pooler, the lock would stay in a session of the pooler.
        sys.exit("Migrations need a direct connection: set MIGRATE_DATABASE_URL to PostgreSQL, not to the pooler.")
    _take_turn()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _drop_unfinished_indexes()
            call_command("migrate", interactive=False)
            call_command("database_roles")
            call_command("monitor_role")
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
    """Hold the lock until the session ends. It ends with the process, also if that is killed.

    Asks again and again instead of waiting inside one statement: CREATE INDEX CONCURRENTLY of the migration that runs
    waits for all older statements, and so would wait for us.
    """
    deadline = time.monotonic() + QUEUE_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_KEY])
            if cursor.fetchone() == (True,):
                return
        if time.monotonic() > deadline:
            sys.exit(f"Another migration has been running for {QUEUE_SECONDS // 60} minutes.")
        time.sleep(TURN_SECONDS)


def _drop_unfinished_indexes() -> None:
    """CREATE INDEX CONCURRENTLY that failed leaves an invalid index, whose name the next attempt needs. A REINDEX that
    an operator runs has names of its own."""
    with connection.cursor() as cursor:
        cursor.execute(UNFINISHED)
        for [name] in cursor.fetchall():
            sys.stderr.write(f"Dropping the unfinished index {name}.\n")
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


if __name__ == "__main__":
    main()
