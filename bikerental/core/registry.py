"""Collects what apps declare, so that a lower app can use it without importing a higher one.

An app declares periodic tasks, figures, messages or personal data in a module with a known name:
`schedule.py`, `metrics.py`, `messages.py`, `erasure.py`.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps

PRODUCT = "bikerental."


def declared(module: str, name: str) -> Iterator[Any]:
    """The value of `name` in the module of each app that has one, in the order of INSTALLED_APPS."""
    for app in apps.get_app_configs():
        path = f"{app.name}.{module}"
        if app.name.startswith(PRODUCT) and find_spec(path):
            yield getattr(import_module(path), name)
