"""Writes that PostgreSQL refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def forbidding(table: str, condition: str) -> Iterator[None]:
    """A constraint that the next write breaks: PostgreSQL quotes the whole row in its error."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT forbidden CHECK ({condition}) NOT VALID")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT forbidden")
