"""Figures of any days, beside those of the days before, and each of their tables as a CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import FIGURES_LATE_AFTER, MATRIX_LENGTH, STATIONS_SHOWN
from bikerental.console.pages import figure_tables as tables
from bikerental.console.pages.base import ConsoleForm, Page
from bikerental.console.pages.figure_tables import Table
from bikerental.core.days import city_date
from bikerental.figures.constants import DAYS_DEFAULT, DAYS_MAX, FIRST_DAY
from bikerental.figures.selectors.bikes import bike_seconds, model_names
from bikerental.figures.selectors.kept import figures_kept, idle_by_day, last_day_ridden
from bikerental.figures.selectors.money import money_by_day
from bikerental.figures.selectors.places import pair_counts, station_counts
from bikerental.figures.selectors.rides import idle_medians, ride_counts
from bikerental.figures.types import Days, Money
from bikerental.http.sheets import csv_answer

CHOICES = (7, 28, 91, 364)  # whole weeks, so that both ranges have the same weekdays


def _day_field(label: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": FIRST_DAY.isoformat()})
    return forms.DateField(label=label, input_formats=["%Y-%m-%d"], widget=widget)


class DaysForm(ConsoleForm):
    """The parameters of the address."""

    since = _day_field(_("First day"))
    until = _day_field(_("Last day"))

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if first and last:
            self._check(first, last)
        return self.cleaned_data

    def _check(self, first: date, last: date) -> None:
        if last < first:
            self.add_error("until", _("This is before the first day."))
        elif (last - first).days >= DAYS_MAX:
            self.add_error("until", _("Choose %(days)s days at most.") % {"days": DAYS_MAX})
        if first < FIRST_DAY:
            self.add_error("since", _("There are no figures of that time."))
        if last > self.today:
            self.add_error("until", _("This day has not begun yet."))

    @property
    def days(self) -> Days:
        return Days(self.cleaned_data["since"], self.cleaned_data["until"])


@dataclass(frozen=True)
class KeyFigure:
    """A figure in large, of the range and of the one before it. `kind` is how it is written."""

    label: Promise
    values: Sequence[Any]
    kind: str = "number"
    digits: int = 0
    currency: str = ""

    @property
    def change(self) -> float | None:
        """As a share of what it was."""
        value, before = self.values
        return None if value is None or not before else float(value) / float(before) - 1


class FigureReader:
    """The figures of a range and of the one before it. Each is read once, when a table needs it."""

    def __init__(self, days: Days) -> None:
        self.days = days
        self.both = Days(days.before.first, days.last)

    @cached_property
    def rides(self) -> Any:
        return ride_counts(self.days), ride_counts(self.days.before)

    @cached_property
    def money(self) -> dict[str, dict[date, Money]]:
        return money_by_day(self.both)

    @cached_property
    def bikes(self) -> tables.OfDays:
        return bike_seconds(self.both)

    @cached_property
    def places(self) -> Any:
        return station_counts(self.days)

    @cached_property
    def pairs(self) -> Any:
        return pair_counts(self.days, stations=self.places)

    @cached_property
    def names(self) -> dict[UUID, str]:
        return model_names()

    @cached_property
    def keys(self) -> list[KeyFigure]:
        now, before = self.rides
        ranges = (self.days, self.days.before)
        bikes = [tables.bikes_of(self.bikes, days) for days in ranges]
        trips = [of.trips(rides.total.rides) for of, rides in zip(bikes, self.rides, strict=True)]
        charged = [
            KeyFigure(_("Charged"), self._charged(posted), "whole", currency=currency)
            for currency, posted in self.money.items()
        ]
        return [
            KeyFigure(_("Rides"), [now.total.rides, before.total.rides]),
            *charged,
            KeyFigure(_("Trips a bike and day"), trips, digits=2),
            KeyFigure(_("Time free"), [of.share_free for of in bikes], "share", 1),
            KeyFigure(_("Median idle time"), idle_medians(self.days), "minutes"),
            KeyFigure(_("Mean length"), [now.total.minutes, before.total.minutes], "minutes"),
        ]

    def _charged(self, posted: dict[date, Money]) -> list[Decimal]:
        """In the range, and in the one before it."""
        ranges = (self.days, self.days.before)
        return [sum((posted.get(day, Money()).charged for day in days), Decimal(0)) for days in ranges]

    def money_table(self, currency: str) -> Table:
        if currency not in self.money:
            raise Http404
        return tables.money_table(currency, self.days, self.money[currency])

    def table(self, name: str) -> Table:
        """:raises Http404: if there is none of this name"""
        if name.startswith("money-"):
            return self.money_table(name.removeprefix("money-"))
        if name not in TABLES:
            raise Http404
        table: Table = TABLES[name](self)
        return table


TABLES: dict[str, Any] = {
    "rides-by-day": lambda found: tables.rides_by_day(found.days, *found.rides),
    "rides-by-hour": lambda found: tables.rides_by_hour(*found.rides),
    "rides-by-weekday": lambda found: tables.rides_by_weekday(found.days, *found.rides),
    "bikes-by-day": lambda found: tables.bikes_by_day(found.days, found.bikes, found.rides, idle_by_day(found.days)),
    "models": lambda found: tables.models_table(found.days, found.bikes, found.rides, found.names),
    "stations": lambda found: tables.stations_table(found.days, found.places, shown=STATIONS_SHOWN),
    "pairs": lambda found: tables.pairs_table(found.places, found.pairs),
}


class FiguresPage(Page):
    permission = "console.open_figures"
    section = "figures"
    template = "console/figures/figures.html"
    title = _("Figures")

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        today = city_date(now)
        default = _last_days(today, DAYS_DEFAULT)
        form = DaysForm(request.GET if {"since", "until"} & request.GET.keys() else _address(default), today=today)
        if not form.is_valid():
            return self.show({"form": form, "choices": _choices(today, None)}, status=422)
        choices = _choices(today, form.days)
        return self.show({"form": form, "choices": choices, **page_of_days(form.days, now=now)})


def page_of_days(days: Days, *, now: datetime) -> dict[str, Any]:
    """What the page shows of these days. At most 17 statements."""
    kept, found = figures_kept(days), FigureReader(days)
    shown = {
        "days": days,
        "range": range_text(days),
        "before": range_text(days.before),
        "query": urlencode(_address(days)),
        "kept": kept,
        "is_late": kept.kept_at is None or now - kept.kept_at > FIGURES_LATE_AFTER,
        "is_going_on": city_date(now) in days,
    }
    if not any(counts.by_day for counts in found.rides) and not found.money:
        return shown | {"other": _other_days()}
    return shown | {
        "keys": found.keys,
        "tables": {name.replace("-", "_"): found.table(name) for name in TABLES},
        "money": [found.money_table(currency) for currency in found.money],
        "matrix": tables.matrix_of(found.places, found.pairs, shown=MATRIX_LENGTH),
    }


def _other_days() -> str:
    """The address of the last days with rides, for a range without any."""
    last = last_day_ridden()
    return "" if last is None else urlencode(_address(_last_days(last, DAYS_DEFAULT)))


class FiguresFilePage(Page):
    permission = "console.open_figures"

    def get(self, request: HttpRequest, table: str) -> HttpResponse:
        form = DaysForm(request.GET, today=city_date(timezone.now()))
        if not form.is_valid():
            raise Http404
        days = form.days
        return csv_answer(FigureReader(days).table(table).lines, name=f"{table}-{days.first}-{days.last}")


def range_text(days: Days) -> str:
    return "{} – {}".format(*(date_format(day, "j M Y") for day in (days.first, days.last)))


def _last_days(last: date, count: int) -> Days:
    return Days(last - timedelta(days=count - 1), last)


def _address(days: Days) -> dict[str, str]:
    return {"since": days.first.isoformat(), "until": days.last.isoformat()}


def _choices(today: date, chosen: Days | None) -> list[tuple[int, str, bool]]:
    """The ranges that one click opens: the number of days, the address, and whether it is open."""
    ranges = [_last_days(today, count) for count in CHOICES]
    return [(days.count, urlencode(_address(days)), days == chosen) for days in ranges]
