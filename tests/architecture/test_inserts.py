"""Inserts and updates that are written as SQL, compared with the models, because no ORM writes these rows."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED

from bikerental.core.db.statements import SqlStatement

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for path in sorted((ROOT / "bikerental").rglob("*.py"))
    if "SqlStatement(" in path.read_text()
]
STATEMENTS = {
    f"{module.__name__}.{name}": statement.sql
    for module in MODULES
    for name, statement in vars(module).items()
    if isinstance(statement, SqlStatement)
}
INSERTS = [
    pytest.param(table, set(columns.replace(",", " ").split()), id=f"{name} {table}")
    for name, sql in STATEMENTS.items()
    for table, columns in re.findall(r"INSERT INTO (\w+) \(([^)]*)\)", sql)
]
UPDATES = [
    pytest.param(table, re.findall(r"(?:^|,)\s*(\w+) = (?:'(\w*)')?", columns), id=f"{name} {table}")
    for name, sql in STATEMENTS.items()
    for table, columns in re.findall(r"UPDATE (\w+)\s+SET (.*?)\s+WHERE", sql, re.DOTALL)
]
MODELS: dict[str, type[Model]] = {model._meta.db_table: model for model in apps.get_models()}


def is_filled_by_the_database(field: Field) -> bool:  # type: ignore[type-arg] # of any kind
    if field.db_default is not NOT_PROVIDED or field is field.model._meta.auto_field:
        return True
    return field.null and field.default is NOT_PROVIDED


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
