"""The list of guards fits the code: each text occurs once, and each named test exists."""

import ast
from collections import Counter
from functools import cache

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CheckConstraint, UniqueConstraint

from compose.bare.state import ROOT
from tests.mutation.database import constraint_drop
from tests.mutation.entries import Constraint, Entry, EntryError, Guard
from tests.mutation.guards import ENTRIES

GUARDS = [entry for entry in ENTRIES if isinstance(entry, Guard)]
CONSTRAINTS = [entry for entry in ENTRIES if isinstance(entry, Constraint)]


@cache
def functions_of(file: str) -> set[str]:
    body = ast.parse((ROOT / file).read_text()).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}


def test_each_entry_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(entry.name for entry in ENTRIES).items() if count > 1] == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_is_removed_once_and_leaves_valid_code(guard: Guard) -> None:
    code = guard.without((ROOT / guard.file).read_text())

    if guard.file.endswith(".py"):
        compile(code, guard.file, "exec")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_tests_that_should_notice_exist(entry: Entry) -> None:
    assert entry.tests
    for test in entry.tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file()
        assert not name or name in functions_of(file), test


@pytest.mark.django_db
@pytest.mark.parametrize("entry", CONSTRAINTS, ids=lambda entry: entry.name)
def test_the_database_has_the_constraint(entry: Constraint) -> None:
    constraint_drop(connection, entry.name)  # the test's rollback restores it

    with pytest.raises(LookupError):
        constraint_drop(connection, entry.name)


def test_each_constraint_of_the_models_is_listed() -> None:
    ours = [model for model in apps.get_models() if model.__module__.startswith("bikerental.")]
    kept = (CheckConstraint, UniqueConstraint)
    named = {each.name for model in ours for each in model._meta.constraints if isinstance(each, kept)}

    assert named - {entry.name for entry in CONSTRAINTS} == set()


@pytest.mark.django_db
def test_each_trigger_is_listed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0")
        named = {name for (name,) in cursor.fetchall()}

    assert named - {entry.name for entry in CONSTRAINTS} == set()


@pytest.mark.parametrize(("text", "count"), [("absent", 0), ("a", 2)])
def test_a_text_that_is_not_there_once_is_an_error(text: str, count: int) -> None:
    guard = Guard("made up", "made/up.py", text, "", ("tests/mutation/test_guards.py",))

    with pytest.raises(EntryError, match=f"made up: its text occurs {count} times in made/up.py"):
        guard.without("a = a")
