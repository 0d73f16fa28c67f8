"""COPY of many rows, without indexes and foreign keys, which would make it slow."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from django.db import connection, models

ROWS_AT_ONCE = 2000


class RowStream:
    """Rows as the file that COPY reads. It never holds more rows than one read needs."""

    def __init__(self, rows: Iterable[str], advanced: Callable[[int], None]) -> None:
        self._rows = iter(rows)
        self._rest = ""
        self._advanced = advanced

    def read(self, size: int) -> str:
        while len(self._rest) < size:
            batch = list(islice(self._rows, ROWS_AT_ONCE))
            if not batch:
                break
            self._advanced(len(batch))
            self._rest += "".join(batch)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def copy_rows(
    model: type[models.Model],
    columns: str,
    rows: Iterable[str],
    advanced: Callable[[int], None],
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({', '.join(columns.split())}) FROM STDIN"
    # The driver's own cursor: in debug mode, Django's wrapper accepts no `size`.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.copy_expert(statement, RowStream(rows, advanced), size=1 << 18)


@contextmanager
def without_indexes(*tables: type[models.Model]) -> Iterator[None]:
    """Inside a transaction: drop indexes and foreign keys, then create them again unchanged.

    Building an index over loaded rows takes a fraction of the time of updating it for each row, and creating a foreign
    key checks every row. Other readers wait meanwhile. An error restores everything.
    """
    names = [model._meta.db_table for model in tables]
    with connection.cursor() as cursor:
        # An index is found by the search path, as its table is, so its name needs no schema.
        cursor.execute(INDEXES, [names])
        indexes = cursor.fetchall()
        cursor.execute(FOREIGN_KEYS, [names, names])
        foreign_keys = cursor.fetchall()
        for table, name, _ in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be altered
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


# Primary keys stay: their values come in order, so updating them is fast.
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index
    WHERE indrelid = ANY (%s::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY 1
"""
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE contype = 'f' AND (conrelid = ANY (%s::regclass[]) OR confrelid = ANY (%s::regclass[]))
    ORDER BY 1, 2
"""
