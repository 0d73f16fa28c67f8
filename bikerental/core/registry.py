"""Collects what apps declare, so that a lower app can use it without importing a higher one.

An app declares in modules with known names: `checks.py` (for `manage.py reconcile`), `disputes.py` (rides that
riders dispute), `erasure.py` (personal data), `holds.py` (how reservations end when their bikes are taken away),
`messages.py`, `metrics.py`, `policies.py` (the origins of images), `rights.py` (what the role of backups writes) and
`schedule.py` (periodic tasks).
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
