"""The locks of the console."""

from uuid import UUID

from django.db import connection


def action_key_lock(*, key: UUID) -> None:
    """Hold the key of a form until the transaction ends: a second request with it waits. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(key)])
