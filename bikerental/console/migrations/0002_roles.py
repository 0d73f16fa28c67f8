"""The roles of operators, as groups. A group that exists keeps what it may, and gets what is missing here."""

from django.db import migrations

VIEWED = {
    "fleet": ("bike", "bikemodel", "station", "tariff", "bikeevent"),
    "zones": ("zone",),
}
VIEWER = [
    *(f"{app}.view_{model}" for app, models in VIEWED.items() for model in models),
    "console.open_today", "console.open_figures", "console.open_service",
]  # fmt: skip
TECHNICIAN = [
    *VIEWER,
    "fleet.add_bike", "fleet.change_bike", "fleet.add_station", "fleet.change_station",
    "maintenance.view_bikereport", "maintenance.change_bikereport", "console.view_action",
]  # fmt: skip
SUPPORT = [
    *VIEWER,
    "users.view_user", "users.change_user", "rentals.view_rental", "rentals.change_rental", "rentals.view_reservation",
    "rentals.change_reservation", "claims.view_claim", "claims.change_claim", "billing.view_account",
    "billing.view_entry", "notifications.view_notification", "maintenance.view_bikereport", "console.view_action",
]  # fmt: skip
MANAGER = [
    *dict.fromkeys([*TECHNICIAN, *SUPPORT]),
    "billing.add_entry", "fleet.add_tariff", "fleet.change_tariff", "fleet.add_bikemodel", "fleet.change_bikemodel",
    "zones.add_zone", "zones.change_zone", "zones.delete_zone", "console.assign_roles",
]  # fmt: skip
ROLES = {"viewer": VIEWER, "technician": TECHNICIAN, "support": SUPPORT, "manager": MANAGER}
OURS = {"open_today", "open_figures", "open_service", "assign_roles"}


def make_roles(apps, schema_editor):
    make_groups(apps, ROLES)


def make_groups(apps, roles):
    """Django makes permissions only after all migrations, so that the ones that are missing are made here."""
    group_model = apps.get_model("auth", "Group")
    for role, names in roles.items():
        group, _ = group_model.objects.get_or_create(name=role)
        group.permissions.add(*(permission_of(apps, name) for name in names))


def permission_of(apps, name):
    app, _, codename = name.partition(".")
    model = codename.partition("_")[2]
    if codename in OURS:
        model = "action"
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app, model=model)
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename=codename, defaults={"name": label_of(apps, app, model, codename)}
    )
    return permission


def label_of(apps, app, model, codename):
    """As Django itself names it."""
    options = apps.get_model(app, model)._meta
    ours = {given: str(label) for given, label in options.permissions}
    return ours.get(codename) or f"Can {codename.partition('_')[0]} {options.verbose_name_raw}"


class Migration(migrations.Migration):

    dependencies = [
        ('console', '0001_actions'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('billing', '0003_adjustments_of_rides'),
        ('claims', '0001_initial'),
        ('fleet', '0013_stations_not_renting'),
        ('maintenance', '0001_initial'),
        ('notifications', '0012_kinds_are_their_owners_validated'),
        ('rentals', '0012_cancelled_rides_validated'),
        ('users', '0007_email_confirmed'),
        ('zones', '0001_initial'),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
