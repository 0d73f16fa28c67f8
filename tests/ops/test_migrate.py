"""A deploy's migration when requests hold locks, and when several hosts migrate at once."""

import subprocess
import sys

import psycopg2
import pytest
from django.db import OperationalError, connection

from compose.production.django import migrate
from tests.live import database_url, environment
from tests.support.waiting import eventually


class DriverError(Exception):
    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors that the attempts to migrate get, in order."""
    errors: list[str] = []

    def call_command(*_: str, **__: bool) -> None:
        if errors:
            raise OperationalError from DriverError(errors.pop(0))

    monkeypatch.setattr(migrate, "call_command", call_command)
    monkeypatch.setattr(migrate, "_take_turn", lambda: None)
    monkeypatch.setattr(migrate, "_drop_unfinished_indexes", lambda: None)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0)
    return errors


def test_a_migration_is_tried_again_after_lock_timeouts(attempts: list[str]) -> None:
    attempts += ["55P03", "40P01"]

    migrate.main()

    assert attempts == []


@pytest.mark.parametrize("errors", [["57014"], ["55P03"] * migrate.ATTEMPTS])
def test_other_errors_and_the_last_attempt_end_it(attempts: list[str], errors: list[str]) -> None:
    attempts += errors

    with pytest.raises(OperationalError):
        migrate.main()

    assert attempts == []


def asks_for_its_turn(pid_of_first: int) -> bool:
    with connection.cursor() as cursor:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg%%advisory_lock%%' AND pid <> %s"
        cursor.execute(asked, [pid_of_first])
        return bool(cursor.fetchone() == (1,))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_waiting_host_does_not_block_a_concurrent_index() -> None:
    """CREATE INDEX CONCURRENTLY waits for every older statement. An index that it leaves unfinished is dropped."""
    running = psycopg2.connect(database_url())
    running.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE trial (a int)")
        cursor.execute("INSERT INTO trial VALUES (1), (1)")
    try:
        with running.cursor() as first:
            first.execute("SELECT pg_advisory_lock(%s)", [migrate.ADVISORY_KEY])
            command = (sys.executable, "-m", "compose.production.django.migrate")
            waiting = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
            assert eventually(lambda: asks_for_its_turn(running.info.backend_pid), 60)
            first.execute("SET lock_timeout = '3s'")
            first.execute("CREATE INDEX CONCURRENTLY trial_index ON trial (a)")
            with pytest.raises(psycopg2.errors.UniqueViolation):
                first.execute("CREATE UNIQUE INDEX CONCURRENTLY trial_unfinished ON trial (a)")
            assert waiting.poll() is None
        running.close()
        said = waiting.communicate(timeout=60)[1]
        assert (waiting.returncode, "Dropping the unfinished index trial_unfinished." in said) == (0, True), said
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'trial'")
            assert cursor.fetchall() == [("trial_index",)]
    finally:
        running.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE trial")
