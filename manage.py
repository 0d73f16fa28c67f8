#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

# These change the schema or empty tables, so they connect as its owner, if MIGRATE_DATABASE_URL says who that is.
OWNERS = {"database_roles", "flush", "migrate", "preflight", "seed_demo"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if OWNERS.intersection(sys.argv[1:2]):
        os.environ.setdefault("DATABASE_ROLE", "owner")

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        from config.environment import faults_of

        sys.exit(faults_of(error))


if __name__ == "__main__":
    main()
