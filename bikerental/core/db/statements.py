"""Statements of the hot paths: their SQL is made once in each process, and planned once on each connection.

Making the SQL is most of what the ORM costs: 0.3 to 0.6 ms for a joined select that PostgreSQL
answers in 0.1 ms. A `Statement` lets the ORM make it once, from the models; later runs only change
the values. An `SqlStatement` is SQL written by hand. Planning is most of what PostgreSQL does:
0.7 ms for a page of bikes that it finds in 0.3 ms, 1.5 ms for a page of rides found in 0.6. So each
connection prepares the statement. What no run changes (a status, a limit) is written into it, where
the planner sees it. Rows are what the driver gives: no converters run, so JSON arrives as text.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Model, QuerySet
from psycopg2 import errorcodes

from bikerental.core.db.backend.base import DatabaseWrapper
from bikerental.core.db.columns import Columns
from bikerental.core.db.transactions import StalePlanError, sqlstate

# Errors of a statement that was valid when it was prepared. A column has another type now: "cached plan must not
# change result type", or there is no operator or cast for the old types. Or the server does not know the name.
_STALE = {
    errorcodes.FEATURE_NOT_SUPPORTED,
    errorcodes.UNDEFINED_FUNCTION,
    errorcodes.DATATYPE_MISMATCH,
    errorcodes.INVALID_SQL_STATEMENT_NAME,
}
# Errors while preparing: an earlier user of the connection has taken the name, or dropped the oldest statement.
_TAKEN = {errorcodes.DUPLICATE_PREPARED_STATEMENT, errorcodes.INVALID_SQL_STATEMENT_NAME}
# A connection keeps the statements that it used last. Clients choose filters and page sizes, so they could have
# thousands prepared, and PostgreSQL keeps 0.16 MiB for a list's. A rider's calls need about thirty.
PREPARED_MAX = 100
_PLACEHOLDER = re.compile("%[%s]")
_NAMED_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

R = TypeVar("R", bound=tuple[Any, ...])
Compiled = tuple[str, tuple[Any, ...]]
Samples = Mapping[str, Any]

# Values that occur in no statement, so that they can be found among its parameters.
_SAMPLES: dict[type, Callable[[int, str], Any]] = {
    UUID: lambda number, name: UUID(int=number),
    str: lambda number, name: f"<{name}>",
    float: lambda number, name: 0.123456789 + number,
    datetime: lambda number, name: datetime(1066, 10, 14, tzinfo=UTC) + timedelta(seconds=number),
}


class _Prepared(ABC):
    """One statement with named values. Each run takes every value and no other."""

    _compiled: "_Compiled | None" = None

    def all(self, *, using: str = DEFAULT_DB_ALIAS, **values: Any) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._run(using, values, lambda cursor: cursor.fetchall())
        return rows

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._run(DEFAULT_DB_ALIAS, values, lambda cursor: cursor.fetchone())
        return row

    def run(self, **values: Any) -> int:
        """How many rows it wrote."""
        count: int = self._run(DEFAULT_DB_ALIAS, values, lambda cursor: cursor.rowcount)
        return count

    def _run(self, using: str, values: Mapping[str, Any], fetch: Callable[[Any], Any]) -> Any:
        """:raises StalePlanError: inside a transaction, which must run again; outside, after a second try"""
        database: Any = connections[using]  # our DatabaseWrapper
        try:
            return self._run_once(database, values, fetch)
        except StalePlanError:
            if database.in_atomic_block:
                raise
        return self._run_once(database, values, fetch)

    def _run_once(self, database: DatabaseWrapper, values: Mapping[str, Any], fetch: Callable[[Any], Any]) -> Any:
        is_known = False
        try:
            with database.cursor() as cursor:
                compiled = self._compiled
                if compiled is None:
                    compiled = self._compiled = self._compile(cursor)
                is_known = compiled.key in database.prepared
                _execute(compiled, cursor, values)
                return fetch(cursor.cursor)  # the driver's own, which has all rows by now: Django's wraps each call
        except DatabaseError as error:
            if sqlstate(error) not in (_STALE if is_known else _TAKEN):
                raise
            # A connection keeps its plans when the schema changes.
            database.close()
            raise StalePlanError from error

    @abstractmethod
    def _compile(self, cursor: CursorWrapper) -> "_Compiled":
        """Make the SQL, once in each process."""


class SqlStatement(_Prepared):
    """One statement that is written as SQL, with `%(name)s` for each value.

    PRICE = SqlStatement("SELECT price FROM tariff WHERE name = %(name)s")
    PRICE.first(name="Night")
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def _compile(self, cursor: CursorWrapper) -> "_Compiled":
        return _Compiled(self.sql)


class Statement(_Prepared):
    """One statement that the ORM writes.

        BIKE = Statement(lambda v: select(Bike.objects.filter(pk=v["bike_id"]).values_list("number")), bike_id=UUID)
        BIKE.first(bike_id=bike_id)

    :param build: gets sample values by name, and returns the SQL and its parameters, as `select` does
    :param types: the type of each value
    """

    def __init__(self, build: Callable[[Samples], Compiled], **types: type) -> None:
        self._build = build
        self._types = types

    def _compile(self, cursor: CursorWrapper) -> "_Compiled":
        samples = {name: _SAMPLES[kind](number, name) for number, (name, kind) in enumerate(self._types.items(), 1)}
        sql, parameters = self._build(samples)
        found = {sample: name for name, sample in samples.items()}
        names = [found.get(parameter) for parameter in parameters]
        if missing := set(samples) - set(names):
            raise TypeError(f"The statement takes no {', '.join(sorted(missing))}: {sql}")
        parts = iter(
            f"%({name})s" if name else cursor.mogrify("%s", [parameter]).decode().replace("%", "%%")
            for name, parameter in zip(names, parameters, strict=True)
        )
        return _Compiled(_PLACEHOLDER.sub(lambda match: next(parts) if match[0] == "%s" else match[0], sql))


class Select(Generic[R]):
    """One statement that reads typed rows.

        BIKE_BY_ID = Select(BIKE, lambda v: Bike.objects.filter(pk=v["bike_id"]), bike_id=UUID)
        BIKE_BY_ID.first(bike_id=bike_id)

    :param lock: as of `select`
    :param lock_shared: as of `select`
    :param types: as of a `Statement`
    """

    def __init__(
        self,
        columns: Columns[R],
        queryset: Callable[[Samples], QuerySet[Any, Any]],
        *,
        lock: Sequence[type[Model]] = (),
        lock_shared: Sequence[type[Model]] = (),
        **types: type,
    ) -> None:
        self._columns = columns
        self._statement = Statement(
            lambda v: select(queryset(v).values_list(*columns.paths), lock=lock, lock_shared=lock_shared), **types
        )

    def rows(self, *, using: str = DEFAULT_DB_ALIAS, **values: Any) -> Iterator[R]:
        return self._columns.rows(self._statement.all(using=using, **values))

    def first(self, **values: Any) -> R | None:
        row = self._statement.first(**values)
        return None if row is None else self._columns.row(row)


class _Compiled:
    """SQL with placeholders only for the named values."""

    def __init__(self, sql: str) -> None:
        names = dict.fromkeys(_NAMED_PLACEHOLDER.findall(sql))
        self.sql = sql
        self.names = names.keys()
        self.key = f"s_{sha256(sql.encode()).hexdigest()[:16]}"
        self.call = f"EXECUTE {self.key}" + (f" ({', '.join(f'%({name})s' for name in names)})" if names else "")

    @property
    def preparation(self) -> str:
        return f"PREPARE {self.key} AS " + self.sql % {name: f"${number}" for number, name in enumerate(self.names, 1)}


def _execute(compiled: _Compiled, cursor: CursorWrapper, values: Mapping[str, Any]) -> None:
    if values.keys() != compiled.names:
        raise TypeError(f"The statement takes {sorted(compiled.names)}, not {sorted(values)}: {compiled.sql}")
    if not settings.DATABASE_PREPARES:
        cursor.execute(compiled.sql, values)
        return
    if compiled.key in cursor.db.prepared:
        cursor.db.prepared.move_to_end(compiled.key)
    else:
        _prepare(compiled, cursor.db)
    cursor.execute(compiled.call, values)


def _prepare(compiled: _Compiled, database: DatabaseWrapper) -> None:
    # Use the driver's cursor, so that Django does not count PREPARE as a query.
    with database.wrap_database_errors, database.connection.cursor() as cursor:
        if len(database.prepared) >= PREPARED_MAX:
            oldest = next(iter(database.prepared))
            cursor.execute(f"DEALLOCATE {oldest}")
            del database.prepared[oldest]
        cursor.execute(compiled.preparation)
    database.prepared[compiled.key] = None


def select(
    queryset: QuerySet[Any, Any], *, lock: Sequence[type[Model]] = (), lock_shared: Sequence[type[Model]] = ()
) -> Compiled:
    """The SQL of the queryset, and its parameters.

    :param lock: the models whose rows are locked, in this order, as by `select_for_update(no_key=True)`, which Django
        refuses for plain values
    :param lock_shared: the models whose rows cannot be deleted until the transaction ends. Several transactions can
        have this lock at once
    """
    sql, parameters = queryset.query.sql_with_params()
    for strength, models in (("NO KEY UPDATE", lock), ("KEY SHARE", lock_shared)):
        if models:
            tables = ", ".join(f'"{model._meta.db_table}"' for model in models)
            sql += f" FOR {strength} OF {tables}"
    return sql, tuple(parameters)
