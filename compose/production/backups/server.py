"""The database server for its administrator: without the application's short timeouts."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.conf import settings
from psycopg2 import sql

from bikerental.core.db.backend.base import database_secret

CONNECT_SECONDS = 5
OURS = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""


def database_name() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def login() -> tuple[str, str]:
    """The user and the password, which a secret of AWS may have changed since the last time."""
    own = settings.DATABASES["default"]
    if settings.DATABASE_SECRET and not own["PASSWORD"]:
        return database_secret().candidates_anew(since=time.monotonic())[0]
    return own["USER"], own["PASSWORD"]


def environment(database: str) -> dict[str, str]:
    """The environment of libpq's programs. Every process could read a password in an argument."""
    own = settings.DATABASES["default"]
    user, password = login()
    known = {
        "PGHOST": own["HOST"],
        "PGPORT": str(own["PORT"] or 5432),
        "PGUSER": user,
        "PGPASSWORD": password,
        "PGSSLMODE": own["OPTIONS"].get("sslmode", "prefer"),
        "PGDATABASE": database,
        "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
    }
    return dict(os.environ) | known


@contextmanager
def connected(database: str) -> Iterator[Any]:
    own = settings.DATABASES["default"]
    user, password = login()
    connection = psycopg2.connect(
        host=own["HOST"],
        port=own["PORT"] or 5432,
        user=user,
        password=password,
        sslmode=own["OPTIONS"].get("sslmode", "prefer"),
        dbname=database,
        connect_timeout=CONNECT_SECONDS,
        application_name="bikerental-backup",
        options="-c timezone=UTC",
    )
    try:
        yield connection
    finally:
        connection.close()


def rows(connection: Any, statement: Any, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def counts(connection: Any) -> dict[str, int]:
    """The number of rows of each table, as this connection sees them."""
    count = sql.SQL("SELECT count(*) FROM {}")
    return {
        name: rows(connection, count.format(sql.Identifier("public", name)))[0][0] for (name,) in rows(connection, OURS)
    }


def run(*statements: Any) -> None:
    """Run each statement in a transaction of its own if possible, in the server's own database."""
    with connected("postgres") as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def create(database: str) -> None:
    run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))


def drop(database: str) -> None:
    run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def exchange(*, current: str, new: str, aside: str) -> None:
    """Rename `current` to `aside` and `new` to `current`: both, or neither."""
    name = sql.Identifier
    allow = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    with connected("postgres") as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            try:
                # No client may reconnect after its connection is ended and before the databases are renamed.
                cursor.execute(allow.format(name(current), sql.SQL("false")))
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (%s, %s)", (current, new)
                )
                cursor.execute(
                    sql.SQL("BEGIN; ALTER DATABASE {0} RENAME TO {1}; ALTER DATABASE {2} RENAME TO {0}; COMMIT").format(
                        name(current), name(aside), name(new)
                    )
                )
            except psycopg2.Error:
                cursor.execute("ROLLBACK")
                cursor.execute(allow.format(name(current), sql.SQL("true")))
                raise
            cursor.execute(allow.format(name(aside), sql.SQL("true")))
