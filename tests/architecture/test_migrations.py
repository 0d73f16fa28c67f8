"""Migrations run while riders ride."""

import re

import pytest
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

ALTERED, CREATED = re.compile(r'ALTER TABLE "?(\w+)'), re.compile(r'CREATE TABLE "?(\w+)')


def tables_locked(migration: Migration, loader: MigrationLoader) -> set[str]:
    text = "\n".join(loader.collect_sql([(migration, False)]))
    return set(ALTERED.findall(text)) - set(CREATED.findall(text))


@pytest.mark.django_db
def test_a_transaction_of_a_migration_locks_one_existing_table() -> None:
    """A ride that reads both would deadlock with a transaction that holds one lock and waits for the other."""
    loader = MigrationLoader(connection)
    ours = [
        each for each in loader.disk_migrations.values() if each.__module__.startswith("bikerental.") and each.atomic
    ]

    locked = {f"{each.app_label}.{each.name}": tables_locked(each, loader) for each in ours}

    assert {"fleet_bike"} in locked.values()
    assert {name: tables for name, tables in locked.items() if len(tables) > 1} == {}
