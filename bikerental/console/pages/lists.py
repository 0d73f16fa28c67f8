"""The lists that the counts of the day open."""

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import IDLE_DAYS, LIST_LENGTH, NEAR_METRES, UNSETTLED_AFTER
from bikerental.console.pages.base import ConsoleForm, Page
from bikerental.console.selectors.lists import (
    STATIONS_EMPTY,
    STATIONS_FULL,
    idle_listed,
    messages_listed,
    reports_listed,
    rides_listed,
    rides_now,
    rides_overdue,
    rides_unsettled,
    stations_listed,
)
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import MINUTE, Cost, cost_at


class ListPage(Page):
    section = "today"
    template: ClassVar[str]

    def show_list(self, rows: list[Any], **context: Any) -> HttpResponse:
        return self.show({"rows": rows, "is_cut": len(rows) == LIST_LENGTH, "length": LIST_LENGTH, **context})


class RideShown(NamedTuple):
    ride: Rental
    minutes: float
    cost: Cost


class RidesPage(ListPage):
    permission = "rentals.view_rental"
    template = "console/lists/rides.html"
    TITLES: ClassVar = {"now": _("Rides now"), "overdue": _("Rides overdue"), "unsettled": _("Rides not settled")}

    def get(self, request: HttpRequest, state: str) -> HttpResponse:
        now = timezone.now()
        rides = {
            "now": rides_now(),
            "overdue": rides_overdue(),
            "unsettled": rides_unsettled(before=now - UNSETTLED_AFTER),
        }
        if state not in rides:
            raise Http404
        rows = [_ride_shown(ride, now) for ride in rides_listed(rides[state])]
        return self.show_list(rows, title=self.TITLES[state])


def _ride_shown(ride: Rental, now: datetime) -> RideShown:
    return RideShown(ride, ((ride.ended_at or now) - ride.started_at) / MINUTE, cost_at(ride, now))


class ReportsPage(ListPage):
    permission = "maintenance.view_bikereport"
    template = "console/lists/reports.html"
    title = _("Grave reports")

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show_list(reports_listed())


class StationsPage(ListPage):
    permission = "fleet.view_station"
    template = "console/lists/stations.html"
    CHOSEN: ClassVar = {
        "empty": (_("Stations without a bike"), STATIONS_EMPTY),
        "full": (_("Stations without a dock"), STATIONS_FULL),
    }

    def get(self, request: HttpRequest, lack: str) -> HttpResponse:
        if lack not in self.CHOSEN:
            raise Http404
        title, chosen = self.CHOSEN[lack]
        return self.show_list(stations_listed(chosen), title=title)


class IdleForm(ConsoleForm):
    days = forms.IntegerField(label=_("Not ridden for so many days"), min_value=1, max_value=365, initial=IDLE_DAYS)


class IdlePage(ListPage):
    permission = "fleet.view_bike"
    template = "console/lists/idle.html"
    title = _("Bikes nobody rides")

    def get(self, request: HttpRequest) -> HttpResponse:
        form = IdleForm(request.GET if "days" in request.GET else {"days": IDLE_DAYS})
        days = form.cleaned_data["days"] if form.is_valid() else IDLE_DAYS
        rows = idle_listed(now=timezone.now(), days=days)
        return self.show_list(rows, form=form, days=days, metres=NEAR_METRES)


class MessagesPage(ListPage):
    permission = "notifications.view_notification"
    template = "console/lists/messages.html"
    title = _("Messages that failed")

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show_list(messages_listed())
