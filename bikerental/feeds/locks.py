"""The locks of the feeds app."""

from django.db import connection


def build_lock() -> None:
    """Begin a transaction with one snapshot for all that it reads, in which no other one builds.

    Waits half a second. The lock comes before the snapshot, which so includes the build of whoever held the lock
    before: a row lock or an advisory lock would come after it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # 100,000 bikes take longer than the statements of a request may. A short wait for locks, because a TRUNCATE of
        # all tables takes them in another order: after a second PostgreSQL would end one of the two as a deadlock.
        cursor.execute("SET LOCAL statement_timeout = '20s'; SET LOCAL lock_timeout = '500ms'")
        cursor.execute("LOCK TABLE feeds_feedbuild IN SHARE ROW EXCLUSIVE MODE")


def regions_lock() -> None:
    """Let no other transaction say which stations a region has, until this one ends. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('feeds_regionstation'))")
