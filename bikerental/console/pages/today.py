"""The first page: what needs an operator today. Its script loads it again while somebody looks at it."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import IDLE_DAYS
from bikerental.console.pages.base import Page
from bikerental.console.pages.heartbeats import beats_shown
from bikerental.console.selectors.today import Today, Waiting, today


class TodoCount(NamedTuple):
    """A count of things to do, and the list that it opens for operators with the permission."""

    name: str
    label: Promise
    permission: str
    url: str
    arguments: tuple[str, ...] = ()
    level: str = "warn"


TODO_COUNTS = (
    TodoCount("claims_open", _("Claims to decide"), "claims.view_claim", "claims"),
    TodoCount("rides_overdue", _("Rides overdue"), "rentals.view_rental", "rides", ("overdue",)),
    TodoCount("reports_grave", _("Grave reports"), "maintenance.view_bikereport", "reports", level="bad"),
    TodoCount("stations_empty", _("Stations without a bike"), "fleet.view_station", "stations", ("empty",)),
    TodoCount("stations_full", _("Stations without a dock"), "fleet.view_station", "stations", ("full",)),
    TodoCount("bikes_idle", _("Bikes nobody rides"), "fleet.view_bike", "idle"),
    TodoCount("rides_unsettled", _("Rides not settled"), "rentals.view_rental", "rides", ("unsettled",), "bad"),
    TodoCount("messages_failed", _("Messages that failed"), "notifications.view_notification", "messages", level="bad"),
)


class TodoShown(NamedTuple):
    label: Promise
    waiting: Waiting
    level: str
    address: str


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
                "tasks": [self._shown(task, found.waiting(task.name)) for task in TODO_COUNTS],
                "rides": self._rides(found),
                "beats": beats_shown(found.heartbeats, found.now),
                "idle_days": IDLE_DAYS,
            }
        )

    def _shown(self, task: TodoCount, waiting: Waiting) -> TodoShown:
        is_open = self.operator.has_perm(task.permission)
        address = reverse(f"console:{task.url}", args=task.arguments) if is_open else ""
        return TodoShown(task.label, waiting, task.level if waiting.number else "good", address)

    def _rides(self, found: Today) -> list[tuple[Any, int, str]]:
        address = reverse("console:rides", args=["now"]) if self.operator.has_perm("rentals.view_rental") else ""
        return [
            (_("now"), found.waiting("rides_now").number, address),
            (_("today"), found.waiting("rides_today").number, ""),
            (_("this week"), found.waiting("rides_week").number, ""),
        ]
