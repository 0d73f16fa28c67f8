"""Changes the types of columns, for connections that planned with the old ones."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_TYPE = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"


@contextmanager
def retyped(*columns: tuple[str, str]) -> Iterator[None]:
    """Change these (table, column) pairs to text, and back at the end."""
    kinds = {column: _kind(*column) for column in columns}
    _retype(dict.fromkeys(columns, "text"))
    try:
        yield
    finally:
        _retype(kinds)


def _kind(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_TYPE, [table, column])
        (kind,) = cursor.fetchone()
        return str(kind)


def _retype(kinds: dict[tuple[str, str], str]) -> None:
    with connection.cursor() as cursor:
        for (table, column), kind in kinds.items():
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
