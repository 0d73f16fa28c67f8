"""The tables of the page of figures. A page, a chart and a CSV file show the same table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bikerental.figures.constants import STREET
from bikerental.figures.types import BikeSeconds, Days, Money, PairCounts, RideCounts, Rides, StationCounts

Label = str | Promise


class Column(NamedTuple):
    """`kind` is how a value is written. `plot`: the chart shows the column as bars, or as a line."""

    label: Label
    kind: str = "number"
    digits: int = 0
    plot: str = ""


class Row(NamedTuple):
    """`key` is the label for programs, `short` the one at the axis of a chart."""

    label: Label
    values: Sequence[Any]
    key: str = ""
    short: Label = ""


@dataclass(frozen=True)
class Table:
    name: str
    title: Label
    first: Label  # of the column of labels
    columns: Sequence[Column]
    rows: Sequence[Row]
    currency: str = ""
    hint: Label = ""
    shown: int | None = None  # so many rows are on the page, all of them in the file

    @property
    def rows_shown(self) -> Iterator[tuple[Row, Sequence[tuple[Column, Any]]]]:
        """Each row with its values beside their columns."""
        for row in self.rows[: self.shown]:
            yield row, list(zip(self.columns, row.values, strict=True))

    @property
    def is_cut(self) -> bool:
        return self.shown is not None and len(self.rows) > self.shown

    @property
    def lines(self) -> Iterator[Sequence[Any]]:
        """As in the file."""
        yield [str(label) for label in (self.first, *(column.label for column in self.columns))]
        for row in self.rows:
            yield [row.key or str(row.label), *("" if value is None else _plain(value) for value in row.values)]


def _plain(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


BEFORE = _("before")


def rides_by_day(days: Days, now: RideCounts, before: RideCounts) -> Table:
    def values(day: date, earlier: date) -> list[Any]:
        rides = now.by_day.get(day, Rides())
        return [rides.rides, before.by_day.get(earlier, Rides()).rides, rides.cancelled, rides.minutes]

    columns = (
        Column(_("Rides"), plot="bar"), Column(BEFORE, plot="line"), Column(_("Cancelled")),
        Column(_("Mean length"), "minutes"),
    )  # fmt: skip
    return Table("rides-by-day", _("Rides by day"), _("Day"), columns, _rows_of_days(days, values))


def _rows_of_days(days: Days, values: Callable[[date, date], Sequence[Any]]) -> list[Row]:
    """:param values: of a day, and of the day in the same place of the range before"""
    return [
        Row(date_format(day, "D, j M Y"), values(day, earlier), day.isoformat(), date_format(day, "j M"))
        for day, earlier in zip(days, days.before, strict=True)
    ]


def rides_by_hour(now: RideCounts, before: RideCounts) -> Table:
    rows = [
        Row(
            f"{hour:02}:00–{hour:02}:59", [each.by_hour.get(hour, 0) for each in (now, before)], f"{hour:02}", str(hour)
        )
        for hour in range(24)
    ]
    columns = (Column(_("Rides"), plot="bar"), Column(BEFORE, plot="line"))
    return Table("rides-by-hour", _("Rides by hour"), _("Hour"), columns, rows)


def rides_by_weekday(days: Days, now: RideCounts, before: RideCounts) -> Table:
    """A range that is not of whole weeks has more of some weekdays. The means can be compared all the same."""
    rows = []
    for weekday in range(7):
        rides = _rides_by_day(weekday, now, days)
        values = [sum(rides), _mean(rides), _mean(_rides_by_day(weekday, before, days.before))]
        rows.append(Row(WEEKDAYS[weekday], values, str(weekday + 1), WEEKDAYS_ABBR[weekday]))
    columns = (
        Column(_("Rides")), Column(_("Rides a day"), digits=1, plot="bar"), Column(BEFORE, digits=1, plot="line"),
    )  # fmt: skip
    return Table("rides-by-weekday", _("Rides by weekday"), _("Weekday"), columns, rows)


def _rides_by_day(weekday: int, counts: RideCounts, days: Days) -> list[int]:
    """The number of rides of each day of the range that is this weekday, 0 for Monday."""
    return [counts.by_day.get(day, Rides()).rides for day in days if day.weekday() == weekday]


def _mean(numbers: list[int]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def money_table(currency: str, days: Days, posted: dict[date, Money]) -> Table:
    def values(day: date, earlier: date) -> list[Any]:
        money = posted.get(day, Money())
        return [money.charged, posted.get(earlier, Money()).charged, money.adjusted, money.refunded]

    columns = (
        Column(_("Charged"), "money", plot="bar"), Column(BEFORE, "money", plot="line"),
        Column(_("Adjusted"), "money", plot="line"), Column(_("Refunded"), "money", plot="line"),
    )  # fmt: skip
    title = _("Money by day, %(currency)s") % {"currency": currency}
    return Table(f"money-{currency}", title, _("Day"), columns, _rows_of_days(days, values), currency)


OfDays = dict[date, dict[UUID, BikeSeconds]]


def bikes_of(bikes: OfDays, days: Days, model_id: UUID | None = None) -> BikeSeconds:
    """The sum over the days, of one model or of all."""
    total = BikeSeconds()
    for day in days:
        for of_model, seconds in bikes.get(day, {}).items():
            if model_id in (None, of_model):
                total = total.plus(seconds)
    return total


def bikes_by_day(
    days: Days, bikes: OfDays, counts: tuple[RideCounts, RideCounts], idle: dict[date, int | None]
) -> Table:
    def trips(day: date, of: RideCounts) -> float | None:
        return bikes_of(bikes, Days(day, day)).trips(of.by_day.get(day, Rides()).rides)

    def values(day: date, earlier: date) -> list[Any]:
        here = bikes_of(bikes, Days(day, day))
        return [
            trips(day, counts[0]),
            trips(earlier, counts[1]),
            here.bike_days or None,
            here.share_free,
            idle.get(day),
        ]

    columns = (
        Column(_("Trips a bike"), digits=2, plot="bar"), Column(BEFORE, digits=2, plot="line"),
        Column(_("Bikes in service"), digits=1), Column(_("Time free"), "share", 1),
        Column(_("Median idle time"), "minutes"),
    )  # fmt: skip
    hint = _(
        "Trips for each bike in service, which is one that is not retired. Time free: the part of it in which a rider "
        "could have taken the bike. Idle time: from a ride's end until the next ride of the same bike begins; it "
        "counts on that day. Above a day it is kept in whole hours."
    )
    rows = _rows_of_days(days, values)
    return Table("bikes-by-day", _("Use of the bikes by day"), _("Day"), columns, rows, hint=hint)


def models_table(days: Days, bikes: OfDays, counts: tuple[RideCounts, RideCounts], names: dict[UUID, str]) -> Table:
    now, before = counts
    found = {model for of_day in bikes.values() for model in of_day} | now.by_model.keys() | before.by_model.keys()
    rows = []
    for model in sorted(found, key=lambda model: (-now.by_model.get(model, Rides()).rides, names.get(model, ""))):
        rides, seconds = now.by_model.get(model, Rides()), bikes_of(bikes, days, model)
        share = rides.rides / now.total.rides if now.total.rides else None
        values = [
            rides.rides, before.by_model.get(model, Rides()).rides, share, rides.minutes, seconds.trips(rides.rides),
            seconds.share_free,
        ]  # fmt: skip
        rows.append(Row(names.get(model) or gettext("deleted"), values))
    columns = (
        Column(_("Rides")), Column(BEFORE), Column(_("Of all rides"), "share", 1), Column(_("Mean length"), "minutes"),
        Column(_("Trips a bike and day"), digits=2), Column(_("Time free"), "share", 1),
    )  # fmt: skip
    return Table("models", _("Models"), _("Model"), columns, rows)


def place_name(place: StationCounts) -> str:
    if place.id == STREET:
        return gettext("in the street")
    return place.name or gettext("deleted")


def stations_table(days: Days, places: Sequence[StationCounts], *, shown: int) -> Table:
    rows = [
        Row(
            place_name(place),
            [
                place.docks, place.departures, place.arrivals, place.uses, place.uses_before,
                place.uses / place.docks / days.count if place.docks else None,
            ],
        )
        for place in places
        if place.id != STREET
    ]  # fmt: skip
    columns = (
        Column(_("Docks")), Column(_("Rides from here")), Column(_("Rides to here")), Column(_("Together")),
        Column(BEFORE), Column(_("A dock and day"), digits=2),
    )  # fmt: skip
    hint = _("Rides from a station and to it. Docks are those of today.")
    return Table("stations", _("Use of the stations"), _("Station"), columns, rows, hint=hint, shown=shown)


def pairs_table(places: Sequence[StationCounts], pairs: Mapping[tuple[UUID, UUID], PairCounts]) -> Table:
    names = {place.id: place_name(place) for place in places}
    found = sorted(pairs.values(), key=lambda pair: (-pair.rides, names[pair.start_id], names[pair.end_id]))
    rows = [Row(names[pair.start_id], [names[pair.end_id], pair.rides, pair.before]) for pair in found]
    columns = (Column(_("To"), "text"), Column(_("Rides")), Column(BEFORE))
    return Table("pairs", _("From place to place"), _("From"), columns, rows)


class Cell(NamedTuple):
    rides: int
    level: int  # from 0 to LEVELS, by its share of the largest


class Matrix(NamedTuple):
    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    rides: int  # how many of all rides are in it


LEVELS = 4


def matrix_of(places: Sequence[StationCounts], pairs: Mapping[tuple[UUID, UUID], PairCounts], *, shown: int) -> Matrix:
    """From each of the busiest places, a row, to each of them."""
    busiest = places[:shown]
    rides = [[_rides_of(pairs, start, end) for end in busiest] for start in busiest]
    most = max((number for row in rides for number in row), default=0) or 1
    names = [place_name(place) for place in busiest]
    cells = [[Cell(number, -(-LEVELS * number // most)) for number in row] for row in rides]
    return Matrix(names, list(zip(names, cells, strict=True)), sum(map(sum, rides)))


def _rides_of(pairs: Mapping[tuple[UUID, UUID], PairCounts], start: StationCounts, end: StationCounts) -> int:
    pair = pairs.get((start.id, end.id))
    return pair.rides if pair else 0
