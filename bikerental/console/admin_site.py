"""The admin's index: grouped by what people do, with what keeps the service running last."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.users.admin_site import OperatorSite

OPERATORS = "operators"  # the list of users, without riders


class Group(NamedTuple):
    """`models` by their labels, in the order in which they are shown."""

    name: str
    label: Promise
    models: tuple[str, ...]


GROUPS = (
    Group(
        "fleet",
        _("Fleet"),
        (
            "fleet.Bike", "fleet.Station", "zones.Zone", "fleet.Tariff", "fleet.BikeModel", "maintenance.BikeReport",
            "fleet.BikeEvent",
        ),
    ),
    Group("rides", _("Rides"), ("rentals.Rental", "rentals.Reservation")),
    Group("riders", _("Riders"), ("users.User",)),
    Group("money", _("Money"), ("billing.Account", "billing.Entry")),
    Group("claims", _("Claims"), ("claims.Claim",)),
    Group("feeds", _("Feeds"), ("feeds.System", "feeds.Region", "feeds.Alert", "feeds.Agency")),
    Group("people", _("People and roles"), (OPERATORS, "auth.Group", "otp_totp.TOTPDevice")),
    Group(
        "service",
        _("Running the service"),
        (
            "notifications.Notification", "notifications.RefusedAddress", "maintenance.TakeOutLimit",
            "maintenance.PhotoUpload", "core.FailedRow", "django_celery_beat.PeriodicTask",
            "django_celery_beat.IntervalSchedule", "django_celery_beat.CrontabSchedule",
            "django_celery_beat.SolarSchedule", "django_celery_beat.ClockedSchedule",
        ),
    ),
)  # fmt: skip


class ConsoleSite(OperatorSite):
    """The admin beside the console: its look is in the templates, its order here."""

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"languages": settings.LANGUAGES, "zone": settings.CITY_TIME_ZONE}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        return apps if app_label else list(_grouped(apps))


def _grouped(apps: list[Any]) -> Iterator[dict[str, Any]]:
    shown = {model["model"]._meta.label: model for app in apps for model in app["models"]}
    if "users.User" in shown:
        shown[OPERATORS] = shown["users.User"] | {
            "name": _("Operators"),
            "object_name": "Operator",
            "admin_url": reverse("admin:users_user_changelist", query={"is_staff__exact": "1"}),
            "add_url": None,
        }
    for group in GROUPS:
        models = [shown.pop(label) for label in group.models if label in shown]
        if models:
            yield {"name": group.label, "app_label": group.name, "app_url": "", "models": models}
