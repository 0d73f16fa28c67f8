"""Inserts and updates that are written as SQL, compared with the models, because no ORM writes these rows."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED

from bikerental.core.db.statements import SqlStatement

ROOT = Path(__file__).resolve().parents[2]
INSERT = re.compile(r"INSERT INTO\s+(\w+)(?:\s+AS\s+\w+)?\s+\(([^)]*)\)")
UPDATE = re.compile(r"(?<!DO )UPDATE\s+(\w+)(?:\s+AS\s+\w+)?\s+SET\s")
# Of the insert before it: a statement may contain several.
CONFLICT = re.compile(r"INSERT INTO\s+(\w+)(?:(?!INSERT INTO).)*?\sDO UPDATE\s+SET\s", re.DOTALL)
WRITE = re.compile(r"INSERT INTO\s+(\w+)|(?<!DO )UPDATE\s+(\w+)(?:\s+AS\s+\w+)?\s+SET\s")
# The demo makes this temporary table itself.
WITHOUT_A_MODEL = {"booked"}
# A migration fits the tables of its time, not the models of today.
PATHS = [
    path
    for path in sorted((ROOT / "bikerental").rglob("*.py"))
    if "migrations" not in path.parts and WRITE.search(path.read_text())
]


def tables_in(text: str) -> set[str]:
    return {table for found in WRITE.findall(text) for table in found if table} - WITHOUT_A_MODEL


def statements(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The names and texts of the SQL that a module has made when it is imported, without comments."""
    for name, value in vars(module).items():
        sql = value.sql if isinstance(value, SqlStatement) else value
        if isinstance(sql, str) and tables_in(sql):
            yield f"{module.__name__}.{name}", re.sub("--.*", "", sql)


def assignments(sql: str) -> list[tuple[str, str]]:
    """The columns that SET names at the beginning of the text. With each its value, if that is a word in quotes."""
    depth, parts = 0, [""]
    for token in re.findall(r"'[^']*'|\w+|.", sql, re.DOTALL):
        depth += (token == "(") - (token == ")")
        if depth < 0 or (depth == 0 and token in {"FROM", "WHERE", "RETURNING"}):
            break
        if depth == 0 and token == ",":
            parts.append("")
        else:
            parts[-1] += token
    return [re.findall(r"^\s*(\w+)\s+=\s*(?:'(\w*)'\s*$)?", part)[0] for part in parts]


MODULES = {
    path: import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    for path in PATHS
}
STATEMENTS = {name: sql for module in MODULES.values() for name, sql in statements(module)}
INSERTS = [
    pytest.param(table, set(columns.replace(",", " ").split()), id=f"{name} {table}")
    for name, sql in STATEMENTS.items()
    for table, columns in INSERT.findall(sql)
    if table not in WITHOUT_A_MODEL
]
UPDATES = [
    pytest.param(found[1], assignments(sql[found.end() :]), id=f"{name} {found[1]}")
    for name, sql in STATEMENTS.items()
    for pattern in (UPDATE, CONFLICT)
    for found in pattern.finditer(sql)
]
MODELS: dict[str, type[Model]] = {model._meta.db_table: model for model in apps.get_models()}


def is_filled_by_the_database(field: Field) -> bool:  # type: ignore[type-arg] # of any kind
    if field.db_default is not NOT_PROVIDED or field is field.model._meta.auto_field:
        return True
    return field.null and field.default is NOT_PROVIDED


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in PATHS])
def test_no_statement_is_written_where_it_is_not_read(path: Path) -> None:
    # Such as in a function's body: let the module keep what the function makes, or make it where it is kept.
    read = [tables_in(sql) for _, sql in statements(MODULES[path])]

    assert tables_in(path.read_text()) <= set().union(*read)


def test_each_statement_is_read_whole() -> None:
    read = {each.id: each.values[0] for each in (*INSERTS, *UPDATES)}

    assert {f"{name} {table}" for name, sql in STATEMENTS.items() for table in tables_in(sql)} == read.keys()


def test_the_inserts_are_found() -> None:
    assert {"rentals_rental", "users_session", "api_idempotencykey"} <= {insert.values[0] for insert in INSERTS}


@pytest.mark.parametrize(("table", "columns"), INSERTS)
def test_inserts_name_every_column_that_needs_a_value(table: str, columns: set[str]) -> None:
    fields = MODELS[table]._meta.concrete_fields

    assert {field.column for field in fields if not is_filled_by_the_database(field)} <= columns
    assert columns <= {field.column for field in fields}


def test_the_updates_are_found() -> None:
    assert {"rentals_rental", "fleet_bike", "notifications_notification"} <= {update.values[0] for update in UPDATES}


@pytest.mark.parametrize(("table", "columns"), UPDATES)
def test_updates_name_columns_and_choices_that_there_are(table: str, columns: list[tuple[str, str]]) -> None:
    fields = {field.column: field for field in MODELS[table]._meta.concrete_fields}

    assert {column for column, _ in columns} <= fields.keys()
    for column, written in columns:
        if written and fields[column].choices:
            assert written in dict(fields[column].flatchoices)
