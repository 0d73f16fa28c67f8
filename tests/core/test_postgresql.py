"""The connection's health check: rarely, before the first statement, never inside a transaction. And how it reads
times."""

import gc
import threading
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bikerental.core.db.backend.base import HEALTH_CHECK_SECONDS
from bikerental.users.models import User
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def new_request(*, silent_for: float) -> None:
    connection.ensure_connection()
    connection.close_if_unusable_or_obsolete()
    connection.health_check_enabled = True
    connection._answered_at -= silent_for


def test_a_connection_that_answered_lately_is_not_checked() -> None:
    new_request(silent_for=0)

    with CaptureQueriesContext(connection) as statements:
        User.objects.exists()

    assert len(statements) == 1


def test_a_connection_that_died_while_idle_is_replaced() -> None:
    new_request(silent_for=HEALTH_CHECK_SECONDS + 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
    new_request(silent_for=HEALTH_CHECK_SECONDS + 1)
    connection.connection.close()

    assert User.objects.exists() is False


def test_a_connection_is_checked_after_a_failed_statement() -> None:
    new_request(silent_for=0)
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1; SELECT pg_sleep(5)")
    connection.close_if_unusable_or_obsolete()  # at the end of the request Django finds that the connection works
    new_request(silent_for=0)
    connection.connection.close()

    assert User.objects.exists() is False


def test_time_that_passes_within_a_transaction_starts_no_check() -> None:
    new_request(silent_for=0)

    with transaction.atomic():
        User.objects.exists()
        connection._answered_at -= HEALTH_CHECK_SECONDS + 1

    assert User.objects.exists() is False


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC),  # PostgreSQL leaves out the zeros
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        None,
    ],
)
def test_a_time_is_read_as_it_was_written(time: datetime | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [time])
        [read] = cursor.fetchone()

    assert read == time
    assert read is None or read.tzinfo is UTC


def test_infinity_is_read_as_the_driver_reads_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'infinity'::timestamptz, '-infinity'::timestamptz")

        assert [time.year for time in cursor.fetchone()] == [9999, 1]


def test_a_time_keeps_its_instant_in_a_session_of_another_zone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'Asia/Kathmandu'; SELECT '2026-03-29 01:30+00'::timestamptz")
        [read] = cursor.fetchone()
        cursor.execute("SET TIME ZONE 'UTC'")

    assert read == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_connection_ends_with_its_thread() -> None:
    own: list[int] = []

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            own.extend(cursor.fetchone())

    def is_gone() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", own)
            ((count,),) = cursor.fetchall()
        return bool(count == 0)

    gc.disable()  # the collector may run at any time, or never
    try:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert own
        assert eventually(is_gone, 10)
    finally:
        gc.enable()
