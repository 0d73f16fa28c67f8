"""Migrates the database and creates the demo city in one process, because starting Django takes a second."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False)
    call_command("seed_demo", if_empty=True)


if __name__ == "__main__":
    main()
