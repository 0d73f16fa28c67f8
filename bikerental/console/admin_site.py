"""The admin beside the console: its lists in groups by topic, and a row in the operators' log for each change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import ActionKind
from bikerental.console.services import actions_log
from bikerental.console.types import NewAction
from bikerental.users.admin_site import OperatorSite

GENERIC_KINDS = {ActionKind.ADMIN_ADDED, ActionKind.ADMIN_CHANGED, ActionKind.ADMIN_DELETED, ActionKind.ADMIN_ACTED}
# An action on more rows than this gets one row in the log, not one for each.
ROWS_NAMED_MAX = 200
# The log's column for a row of this model.
OWN_COLUMNS = {
    "fleet.Bike": "bike_id",
    "fleet.Station": "station_id",
    "rentals.Rental": "rental_id",
    "users.User": "rider_id",
    "claims.Claim": "claim_id",
    "zones.Zone": "zone_id",
}
NAMED_COLUMNS = ("bike_id", "rental_id", "rider_id", "claim_id")  # columns of the rows themselves
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


class LoggedAdmin(admin.ModelAdmin[Any]):
    """Logs each row that is added, changed, deleted or chosen for an action."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        rows_log(request, [obj], ActionKind.ADMIN_ADDED)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        rows_log(request, [obj], ActionKind.ADMIN_CHANGED, details={"fields": _changed_fields(message)})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        rows_log(request, list(queryset), ActionKind.ADMIN_DELETED)
        return super().log_deletions(request, queryset)

    def get_actions(self, request: HttpRequest) -> Any:
        found: Any = super().get_actions(request)
        return {name: (_logged(action, str(name)), name, text) for name, (action, name, text) in found.items()}


def _logged(action: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The admin's action, with a row in the log for each chosen row. An action that logs by itself gets no second
    one."""

    @wraps(action)
    def logged(model_admin: Any, request: Any, chosen: QuerySet[Any]) -> Any:
        rows = list(chosen[: ROWS_NAMED_MAX + 1])
        request.is_logged = False
        response = action(model_admin, request, chosen)
        if response is None and rows and not request.is_logged:  # a response asks for a confirmation
            named = rows if len(rows) <= ROWS_NAMED_MAX else rows[:1]
            details = {"action": name} | ({} if named is rows else {"rows": f"> {ROWS_NAMED_MAX}"})
            admin.site.log(request, named, f"Action: {name}.", kind=ActionKind.ADMIN_ACTED, details=details)  # type: ignore[attr-defined] # our site
        return response

    return logged


def rows_log(
    request: Any,
    rows: Sequence[Model],
    kind: ActionKind,
    *,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    concerns: Mapping[str, UUID | None] | None = None,
) -> None:
    """Log an action on these rows: one row for each of them or, with `concerns`, one for all."""
    request.is_logged = True
    action = NewAction(
        key=uuid4(),
        operator_id=request.user.pk,
        kind=kind,
        now=timezone.now(),
        reason=reason,
        concerns=concerns or {},
        details=details or {},
    )
    actions_log(actions=[action] if concerns else [_about_row(action, row) for row in rows])


def _about_row(action: NewAction, row: Model) -> NewAction:
    name = _name(row) if action.kind in GENERIC_KINDS else {}
    return replace(action, key=uuid4(), concerns=_concerns(row), details={**name, **action.details})


def _name(row: Model) -> dict[str, str]:
    """The row's model and id. Its text may be personal."""
    return {"model": row._meta.label_lower, "row": str(row.pk)}


def _concerns(row: Any) -> dict[str, UUID]:
    own = OWN_COLUMNS.get(row._meta.label)
    named = {name: getattr(row, name, None) for name in NAMED_COLUMNS}
    if row._meta.label == "notifications.Notification":
        named["rider_id"] = row.recipient_id
    return {name: value for name, value in {**named, **({own: row.pk} if own else {})}.items() if value is not None}


def _changed_fields(message: Any) -> str:
    """The names of the form's fields, as Django writes them for the history."""
    changes = message if isinstance(message, list) else []
    fields = [name for change in changes for name in change.get("changed", {}).get("fields", ())]
    return ", ".join(fields)


class ConsoleSite(OperatorSite):
    """Groups the lists of the admin by topic, and logs its changes."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        given = admin_class or admin.ModelAdmin
        logged = type(given.__name__, (LoggedAdmin, given), {"__module__": given.__module__})
        super().register(model_or_iterable, logged, **options)

    def log(self, request: HttpRequest, rows: Sequence[Model], text: str, *, kind: str, **fields: Any) -> None:
        super().log(request, rows, text, kind=kind)
        rows_log(request, rows, ActionKind(kind), **fields)

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
