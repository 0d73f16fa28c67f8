#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        faults = "\n".join(f"  {fault}" for fault in str(error).splitlines())
        sys.exit(f"The settings are not sound:\n{faults}")


if __name__ == "__main__":
    main()
