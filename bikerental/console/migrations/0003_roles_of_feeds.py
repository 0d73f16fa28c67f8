"""Who may fill in what the feeds say: managers. Viewers may look."""

from importlib import import_module

from django.db import migrations

make_groups = import_module("bikerental.console.migrations.0002_roles").make_groups

MODELS = ("system", "region", "alert")
VIEWER = [f"feeds.view_{model}" for model in MODELS]
MANAGER = [
    *VIEWER,
    *(f"feeds.{act}_{model}" for model in MODELS for act in ("add", "change")),
    "feeds.delete_region", "feeds.delete_alert",
    "feeds.view_agency", "feeds.add_agency", "feeds.change_agency",
]  # fmt: skip
ROLES = {"viewer": VIEWER, "technician": VIEWER, "support": VIEWER, "manager": MANAGER}


def make_roles(apps, schema_editor):
    make_groups(apps, ROLES)


class Migration(migrations.Migration):

    dependencies = [
        ('console', '0002_roles'),
        ('feeds', '0003_system'),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
