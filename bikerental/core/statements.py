"""Statements of the hot paths: the ORM writes their SQL once, and it runs with other values.

Writing the SQL is most of what the ORM costs: 0.3 to 0.6 ms for a joined select that PostgreSQL
answers in 0.1 ms. Here it is still the ORM that writes it, from the models, the first time a
process needs it; only the values change after that. Rows are what the driver gives: no
converters run, so JSON arrives as text.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.sql import InsertQuery, UpdateQuery

Compiled = tuple[str, tuple[Any, ...]]
Samples = Mapping[str, Any]

# Values that no statement holds by itself, so that they are found again among its parameters.
_SAMPLES: dict[type, Callable[[int, str], Any]] = {
    UUID: lambda number, name: UUID(int=number),
    str: lambda number, name: f"<{name}>",
    int: lambda number, name: 1_900_000_000 + number,
    float: lambda number, name: 0.123456789 + number,
    Decimal: lambda number, name: Decimal(f"{7_000_000 + number}.77"),
    datetime: lambda number, name: datetime(1066, 10, 14, tzinfo=UTC) + timedelta(seconds=number),
}


class Statement:
    """One statement with named values.

        FREE = Statement(lambda v: update(Bike.objects.filter(pk=v["bike_id"]), status="available"), bike_id=UUID)
        FREE.run(bike_id=bike_id)

    :param build: given sample values by name, the SQL and its parameters: `select`, `update` or `insert`
    :param types: the type of each value; None may stand for any at a run of an insert or an update's new values
    """

    def __init__(self, build: Callable[[Samples], Compiled], **types: type) -> None:
        self._build = build
        self._types = types
        self._compiled: tuple[str, list[str | None], tuple[Any, ...]] | None = None

    def all(self, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(*self._with(values))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        with connection.cursor() as cursor:
            cursor.execute(*self._with(values))
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row

    def run(self, **values: Any) -> int:
        """How many rows it wrote."""
        with connection.cursor() as cursor:
            cursor.execute(*self._with(values))
            count: int = cursor.rowcount
            return count

    def _with(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        sql, names, constants = self._compiled or self._compile()
        return sql, [
            constant if name is None else values[name] for name, constant in zip(names, constants, strict=True)
        ]

    def _compile(self) -> tuple[str, list[str | None], tuple[Any, ...]]:
        samples = {name: _SAMPLES[kind](number, name) for number, (name, kind) in enumerate(self._types.items(), 1)}
        sql, parameters = self._build(samples)
        found = {sample: name for name, sample in samples.items()}
        names = [found.get(parameter) for parameter in parameters]
        if missing := set(samples) - set(names):
            raise ValueError(f"The statement takes no {', '.join(sorted(missing))}: {sql}")
        self._compiled = sql, names, tuple(parameters)
        return self._compiled


def select(queryset: QuerySet[Any, Any], *, lock: type[Model] | None = None) -> Compiled:
    """:param lock: the model whose row is locked as `select_for_update(no_key=True, of=("self",))` does,
    which Django refuses on plain values"""
    sql, parameters = queryset.query.sql_with_params()
    if lock is not None:
        sql += f' FOR NO KEY UPDATE OF "{lock._meta.db_table}"'
    return sql, tuple(parameters)


def update(queryset: QuerySet[Any, Any], **values: Any) -> Compiled:
    query = queryset.query.chain(UpdateQuery)
    query.add_update_values(values)  # type: ignore[attr-defined] # chain() makes it an UpdateQuery
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def insert(row: Model) -> Compiled:
    """Every field of the row but a key that the database counts."""
    fields = [field for field in row._meta.concrete_fields if field is not row._meta.auto_field]
    query = InsertQuery(type(row))
    query.insert_values(fields, [row])
    [(sql, parameters)] = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)
