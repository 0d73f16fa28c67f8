"""The lock of the feeds app."""

from django.db import connection


def build_lock() -> None:
    """Begin a transaction with one snapshot for all that it reads, in which no other one builds.

    Waits for `lock_timeout`. The lock comes before the snapshot, which so includes the build of whoever held the lock
    before: a row lock or an advisory lock would come after it.
    """
    with connection.cursor() as cursor:
        # 100,000 bikes take longer than the statements of a request may.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = '20s'")
        cursor.execute("LOCK TABLE feeds_feedbuild IN SHARE ROW EXCLUSIVE MODE")
