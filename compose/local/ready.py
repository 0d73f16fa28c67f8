"""Waits for a line of input, then runs a script: `ready.py manage.py runserver`.

Meanwhile it imports packages, which is half of a start. It costs 60 MB.
"""

import os
import runpy
import select
import sys
from importlib import import_module

# The process that has just started needs the processor first.
PAUSE_SECONDS = 3
# Packages that import without settings, so that no code of this project is loaded.
PACKAGES = (
    "celery.app.base",
    "django.contrib.admin",
    "django.core.management.commands.runserver",
    "django.db.backends.postgresql.base",
    "django.test",
    "import_export.resources",
    "prometheus_client",
    "redis",
    "rest_framework.serializers",
)


def prepare() -> None:
    settings = os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    for name in PACKAGES:
        import_module(name)
    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings


def main(script: list[str]) -> None:
    is_needed, _, _ = select.select([sys.stdin], [], [], PAUSE_SECONDS)
    if not is_needed:
        prepare()
    if sys.stdin.readline():  # without a line, reload.py has ended
        sys.argv = script
        sys.path[0] = ""
        runpy.run_path(script[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
