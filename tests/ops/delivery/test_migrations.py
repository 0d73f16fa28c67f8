"""An unsafe migration is stopped by the linter; a safe one passes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow

MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("trial", "0001_initial")]
    operations = [{operation}]
"""
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
SETTINGS = """
from config.settings.test import *

INSTALLED_APPS = [*INSTALLED_APPS, "trial"]
MIGRATION_LINTER_OPTIONS = {**MIGRATION_LINTER_OPTIONS, "project_root_path": FOLDER, "include_apps": ["trial"]}
"""


def lint(folder: Path, operation: str, *, atomic: bool = True) -> "subprocess.CompletedProcess[str]":
    """Lints, under the project's own rules, one migration of an app made up for it."""
    migrations = folder / "trial" / "migrations"
    migrations.mkdir(parents=True)
    for package in (migrations.parent, migrations):
        (package / "__init__.py").touch()
    (migrations / "0001_initial.py").write_text(TABLE)
    (migrations / "0002_change.py").write_text(MIGRATION.format(atomic=atomic, operation=operation))
    (folder / "trial_settings.py").write_text(SETTINGS.replace("FOLDER", repr(str(folder))))
    return subprocess.run(
        [sys.executable, "manage.py", "lintmigrations", "trial", "0002"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "trial_settings"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ('migrations.RemoveField("Bell", "tone")', "DROPPING columns"),
        ('migrations.RenameField("Bell", "tone", "note")', "RENAMING columns"),
        ('migrations.DeleteModel("Bell")', "DROPPING table"),
        ('migrations.AddField("Bell", "loud", models.BooleanField(default=True))', "NOT NULL constraint"),
        ('migrations.AddIndex("Bell", models.Index(fields=["tone"], name="by_tone"))', "CREATE INDEX locks table"),
    ],
)
def test_a_migration_that_the_old_code_would_trip_over_is_refused(tmp_path: Path, operation: str, reason: str) -> None:
    refused = lint(tmp_path, operation)

    assert refused.returncode == 1, refused.stderr
    assert reason in refused.stdout


@pytest.mark.parametrize(
    ("operation", "atomic"),
    [
        ('migrations.AddField("Bell", "loud", models.BooleanField(null=True))', True),
        ('migrations.AddField("Bell", "loud", models.BooleanField(db_default=True))', True),
        ('AddIndexConcurrently("Bell", models.Index(fields=["tone"], name="by_tone"))', False),
    ],
)
def test_a_migration_that_only_adds_passes(tmp_path: Path, operation: str, atomic: bool) -> None:
    passed = lint(tmp_path, operation, atomic=atomic)

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Valid migrations: 1/1" in passed.stdout
