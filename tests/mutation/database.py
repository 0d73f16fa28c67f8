"""A test database for each run, copied from one that the migrations made, so that no run sees another's rows."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

SECONDS = 300
# Creates it as the suite does, and keeps it.
MAKE = "import django; django.setup(); from django.db import connection as c; c.creation.create_test_db(0, True)"
# Finds a constraint, a unique index without a constraint, or a trigger by name.
FIND = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
      FROM pg_constraint WHERE conname = %(name)s AND contype <> 't'
    UNION ALL
    SELECT format('DROP INDEX %%s', indexrelid::regclass)
      FROM pg_index WHERE indexrelid = to_regclass(%(name)s) AND indisunique
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
      FROM pg_trigger WHERE tgname = %(name)s AND NOT tgisinternal
"""


class Database:
    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"test_{urlsplit(url).path.removeprefix('/')}"
        self.pristine = f"{self.name}_pristine"

    def make(self, root: Path) -> None:
        self.remove()
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
        subprocess.run([sys.executable, "-c", MAKE], cwd=root, env=environment, timeout=SECONDS, check=True)
        self._run("ALTER DATABASE {} RENAME TO {}", self.name, self.pristine)

    def renew(self, *, without: str = "") -> None:
        """Make the test database new, with all migrations, but without one constraint."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
        self._run("CREATE DATABASE {} TEMPLATE {}", self.name, self.pristine)
        if without:
            with connected(urlsplit(self.url)._replace(path=f"/{self.name}").geturl()) as connection:
                constraint_drop(connection, without)

    def remove(self) -> None:
        for name in (self.name, self.pristine):
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with connected(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def connected(url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


def constraint_drop(connection: Any, name: str) -> None:
    """:raises LookupError: if there is none of this name, or more than one"""
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"name": name})
        found = cursor.fetchall()
        if len(found) != 1:
            raise LookupError(f"{len(found)} constraints are called {name}")
        cursor.execute(found[0][0])
