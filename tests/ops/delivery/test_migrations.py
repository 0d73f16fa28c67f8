"""The linter refuses an unsafe migration and accepts a safe one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow

TABLE = """
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Bell", [
            ("id", models.BigAutoField(primary_key=True)),
            ("tone", models.CharField(max_length=9)),
            ("volume", models.IntegerField(null=True)),
        ])
    ]
"""
MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("trial", "{before}")]
    operations = [{operation}]
"""
SETTINGS = """
from config.settings.test import *

INSTALLED_APPS = [*INSTALLED_APPS, "trial"]
MIGRATION_LINTER_OPTIONS = {**MIGRATION_LINTER_OPTIONS, "project_root_path": FOLDER, "include_apps": ["trial"]}
"""
SAFE = {
    "column_that_may_be_null": 'migrations.AddField("Bell", "loud", models.BooleanField(null=True))',
    "column_the_database_fills": 'migrations.AddField("Bell", "shrill", models.BooleanField(db_default=True))',
    "index_made_beside_writers": (
        'AddIndexConcurrently("Bell", models.Index(fields=["tone"], name="by_tone_and_slowly"))'
    ),
}
# The reason for each refusal. Each one builds on the one before, so the table is dropped last.
UNSAFE = {
    "column_the_old_code_leaves_out": (
        'migrations.AddField("Bell", "clear", models.BooleanField(default=True))',
        "NOT NULL constraint",
    ),
    "index_that_locks": (
        'migrations.AddIndex("Bell", models.Index(fields=["tone"], name="by_tone"))',
        "CREATE INDEX locks table",
    ),
    "column_retyped": (
        'migrations.AlterField("Bell", "volume", models.BigIntegerField(null=True))',
        "Add a column beside it",
    ),
    "column_dropped": ('migrations.RemoveField("Bell", "volume")', "DROPPING columns"),
    "column_renamed": ('migrations.RenameField("Bell", "tone", "note")', "RENAMING columns"),
    "table_dropped": ('migrations.DeleteModel("Bell")', "DROPPING table"),
}


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """Run the linter under the project's rules on the migrations above, in an app invented for them."""
    folder = tmp_path_factory.mktemp("migrations")
    migrations = folder / "trial" / "migrations"
    migrations.mkdir(parents=True)
    for package in (migrations.parent, migrations):
        (package / "__init__.py").touch()
    before = "0001_initial"
    (migrations / f"{before}.py").write_text(TABLE)
    operations = SAFE | {name: operation for name, (operation, _) in UNSAFE.items()}
    for number, (name, operation) in enumerate(operations.items(), start=2):
        text = MIGRATION.format(atomic="Concurrently" not in operation, before=before, operation=operation)
        before = f"{number:04}_{name}"
        (migrations / f"{before}.py").write_text(text)
    (folder / "trial_settings.py").write_text(SETTINGS.replace("FOLDER", repr(str(folder))))
    return subprocess.run(
        [sys.executable, "manage.py", "lintmigrations", "trial"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "trial_settings"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(linted: "subprocess.CompletedProcess[str]", name: str) -> str:
    """The linter's verdict on one migration, with its details."""
    [verdict] = re.findall(rf"^\(trial, \d+_{name}\)\.\.\. (.*?)(?=^\(|^\*)", linted.stdout, re.MULTILINE | re.DOTALL)
    return str(verdict)


@pytest.mark.parametrize("name", UNSAFE)
def test_a_migration_that_breaks_the_old_code_is_refused(linted: "subprocess.CompletedProcess[str]", name: str) -> None:
    verdict = said(linted, name)

    assert linted.returncode == 1
    assert verdict.startswith("ERR")
    assert UNSAFE[name][1] in verdict


def test_no_refusal_says_that_it_may_be_ignored(linted: "subprocess.CompletedProcess[str]") -> None:
    assert "may ignore" not in linted.stdout


@pytest.mark.parametrize("name", SAFE)
def test_a_migration_that_only_adds_passes(linted: "subprocess.CompletedProcess[str]", name: str) -> None:
    assert said(linted, name).strip() == "OK"
