"""The lists that the counts on the first page link to.

Each can be downloaded as a CSV file with all its lines, but of idle bikes with the first IDLE_FILE_LENGTH.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import IDLE_DAYS, IDLE_FILE_LENGTH, LIST_LENGTH, NEAR_METRES, UNSETTLED_AFTER
from bikerental.console.pages.base import ConsoleForm, Page
from bikerental.console.selectors.lists import (
    NEWEST_FIRST,
    OLDEST_FIRST,
    RIDES_ORDER,
    STATIONS_EMPTY,
    STATIONS_FULL,
    STATIONS_ORDER,
    IdleBike,
    grave_reports,
    idle_listed,
    messages_failed,
    rides_now,
    rides_overdue,
    rides_unsettled,
    rows_listed,
    stations_counted,
)
from bikerental.core.db.keyset import Order, rows_in_order
from bikerental.fleet.models import Station
from bikerental.maintenance.models import BikeReport
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import MINUTE, Cost, cost_at, time_ridden


class ListPage(Page, ABC):
    section = "today"
    template: ClassVar[str]
    file_name: ClassVar[str]
    columns: ClassVar[Sequence[str]]  # of the file

    @abstractmethod
    def line(self, row: Any) -> Sequence[Any]:
        """The row in the file."""

    def answer(self, rows: QuerySet[Any, Any], order: Order, **context: Any) -> HttpResponseBase:
        if self.is_file_wanted:
            return self.send_file(self.file_name, self.columns, map(self.line, rows_in_order(rows, order)))
        return self.show_list(rows_listed(rows, order), **context)

    def show_list(self, rows: list[Any], **context: Any) -> HttpResponse:
        is_cut = len(rows) > LIST_LENGTH
        return self.show({"rows": rows[:LIST_LENGTH], "is_cut": is_cut, "length": LIST_LENGTH, **context})


class RideShown(NamedTuple):
    ride: Rental
    minutes: float
    cost: Cost


class RidesPage(ListPage):
    permission = "rentals.view_rental"
    template = "console/lists/rides.html"
    file_name = "rides"
    columns = ("ride", "bike", "rider", "started_at", "ended_at", "minutes", "cost", "currency", "status", "overdue_at")
    TITLES: ClassVar = {"now": _("Rides now"), "overdue": _("Rides overdue"), "unsettled": _("Rides not settled")}

    def get(self, request: HttpRequest, state: str) -> HttpResponseBase:
        self.now = timezone.now()
        rides = {
            "now": rides_now(),
            "overdue": rides_overdue(),
            "unsettled": rides_unsettled(before=self.now - UNSETTLED_AFTER),
        }
        if state not in rides:
            raise Http404
        return self.answer(rides[state].select_related("bike", "rider"), RIDES_ORDER, title=self.TITLES[state])

    def show_list(self, rows: list[Any], **context: Any) -> HttpResponse:
        return super().show_list([_ride_shown(ride, self.now) for ride in rows], **context)

    def line(self, row: Rental) -> Sequence[Any]:
        shown = _ride_shown(row, self.now)
        return (
            row.pk, row.bike.number, row.rider and row.rider.name, row.started_at, row.ended_at, int(shown.minutes),
            shown.cost.amount, row.currency, row.status, row.overdue_at,
        )  # fmt: skip


def _ride_shown(ride: Rental, now: datetime) -> RideShown:
    return RideShown(ride, time_ridden(ride, now) / MINUTE, cost_at(ride, now))


class ReportsPage(ListPage):
    permission = "maintenance.view_bikereport"
    template = "console/lists/reports.html"
    title = _("Grave reports")
    file_name = "reports"
    columns = ("bike", "kind", "text", "counts", "reported_at", "bike_status")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return self.answer(grave_reports().select_related("bike"), OLDEST_FIRST)

    def line(self, row: BikeReport) -> Sequence[Any]:
        return row.bike.number, row.kind, row.text, row.counts, row.created_at, row.bike.status


class StationsPage(ListPage):
    permission = "fleet.view_station"
    template = "console/lists/stations.html"
    file_name = "stations"
    columns = ("id", "name", "bikes_free", "bikes_here", "capacity")
    CHOSEN: ClassVar = {
        "empty": (_("Stations without a bike"), STATIONS_EMPTY),
        "full": (_("Stations without a dock"), STATIONS_FULL),
    }

    def get(self, request: HttpRequest, lack: str) -> HttpResponseBase:
        if lack not in self.CHOSEN:
            raise Http404
        title, chosen = self.CHOSEN[lack]
        return self.answer(stations_counted().filter(chosen), STATIONS_ORDER, title=title)

    def line(self, row: Station) -> Sequence[Any]:
        counted: Any = row
        return row.pk, row.name, counted.bikes_free, counted.bikes_here, row.capacity


class IdleForm(ConsoleForm):
    days = forms.IntegerField(label=_("Not ridden for so many days"), min_value=1, max_value=365, initial=IDLE_DAYS)


class IdlePage(ListPage):
    permission = "fleet.view_bike"
    template = "console/lists/idle.html"
    title = _("Bikes nobody rides")
    file_name = "idle-bikes"
    columns = ("bike", "station", "idle_since", "bikes_around", "rides_around")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = IdleForm(request.GET if "days" in request.GET else {"days": IDLE_DAYS})
        days = form.cleaned_data["days"] if form.is_valid() else IDLE_DAYS
        if self.is_file_wanted:
            rows = idle_listed(now=timezone.now(), days=days, length=IDLE_FILE_LENGTH)
            return self.send_file(self.file_name, self.columns, map(self.line, rows))
        return self.show_list(idle_listed(now=timezone.now(), days=days), form=form, days=days, metres=NEAR_METRES)

    def line(self, row: IdleBike) -> Sequence[Any]:
        station = row.bike.station and row.bike.station.name
        return row.bike.number, station, row.idle_since, row.near_bikes, row.near_rides


class MessagesPage(ListPage):
    permission = "notifications.view_notification"
    template = "console/lists/messages.html"
    title = _("Messages that failed")
    file_name = "messages"
    columns = ("kind", "to", "created_at", "attempts", "error")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return self.answer(messages_failed().select_related("recipient"), NEWEST_FIRST)

    def line(self, row: Notification) -> Sequence[Any]:
        to = row.recipient and (row.recipient.name or row.recipient.email)
        return row.kind, to, row.created_at, row.attempts, row.last_error
