"""Migrates the database and creates the demo city in one process, because starting Django takes a second."""

import os

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DATABASE_ROLE", "owner")
    django.setup()
    call_command("migrate", interactive=False)
    call_command("database_roles")
    call_command("seed_demo", if_empty=True)


if __name__ == "__main__":
    main()
