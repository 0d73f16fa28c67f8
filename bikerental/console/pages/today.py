"""The first page: what wants a hand today. Its script asks for it again while somebody looks at it."""

from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import IDLE_DAYS, OLD_AFTER
from bikerental.console.pages.base import Page
from bikerental.console.selectors.today import Today, Waiting, today


class Task(NamedTuple):
    """A count that opens its list: for whom the permission allows it."""

    name: str
    label: Promise
    permission: str
    url: str
    arguments: tuple[str, ...] = ()
    level: str = "warn"


TASKS = (
    Task("open_claims", _("Claims to decide"), "claims.view_claim", "claims"),
    Task("rides_overdue", _("Rides overdue"), "rentals.view_rental", "rides", ("overdue",)),
    Task("reports_grave", _("Grave reports"), "maintenance.view_bikereport", "reports", level="bad"),
    Task("stations_empty", _("Stations without a bike"), "fleet.view_station", "stations", ("empty",)),
    Task("stations_full", _("Stations without a dock"), "fleet.view_station", "stations", ("full",)),
    Task("bikes_idle", _("Bikes nobody rides"), "fleet.view_bike", "idle"),
    Task("rides_unsettled", _("Rides not settled"), "rentals.view_rental", "rides", ("unsettled",), "bad"),
    Task("messages_failed", _("Messages that failed"), "notifications.view_notification", "messages", level="bad"),
)
BEATS = {"beat": _("Background tasks"), "backup": _("Backup")}


class Shown(NamedTuple):
    label: Promise
    waiting: Waiting
    level: str
    address: str


class Beat(NamedTuple):
    label: Promise
    beat_at: datetime | None
    is_old: bool


class TodayPage(Page):
    permission = "console.open_today"
    section = "today"
    template = "console/today.html"
    title = _("Today")

    def get(self, request: HttpRequest) -> HttpResponse:
        found = today(now=timezone.now())
        return self.show(
            {
                "today": found,
                "tasks": [self._shown(task, found.waiting(task.name)) for task in TASKS],
                "rides": self._rides(found),
                "beats": [_beat(name, found) for name in BEATS],
                "idle_days": IDLE_DAYS,
            }
        )

    def _shown(self, task: Task, waiting: Waiting) -> Shown:
        is_open = self.operator.has_perm(task.permission)
        address = reverse(f"console:{task.url}", args=task.arguments) if is_open else ""
        return Shown(task.label, waiting, task.level if waiting.number else "good", address)

    def _rides(self, found: Today) -> list[tuple[Any, int, str]]:
        address = reverse("console:rides", args=["now"]) if self.operator.has_perm("rentals.view_rental") else ""
        return [
            (_("now"), found.waiting("rides_now").number, address),
            (_("today"), found.waiting("rides_today").number, ""),
            (_("this week"), found.waiting("rides_week").number, ""),
        ]


def _beat(name: str, found: Today) -> Beat:
    beat_at = found.heartbeats.get(name)
    return Beat(BEATS[name], beat_at, beat_at is None or found.now - beat_at > OLD_AFTER[name])
