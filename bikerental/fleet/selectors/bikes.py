"""Bikes by number."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact

from bikerental.core.db.columns import Columns, Shared, as_text
from bikerental.core.db.keyset import Page, PageShape
from bikerental.core.db.statements import Samples, Select
from bikerental.core.geometry import Box
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.fleet.models import NUMBER_KEY, Bike, Station
from bikerental.fleet.numbers import is_number_key, number_key_typed
from bikerental.fleet.selectors.geometry import Within, between_any
from bikerental.fleet.types import BikeFilters, BikeForRental, BikeModelRow, BikeRow, TariffTerms

SORTED_MAX = 2_000  # this many bikes are sorted fast enough for a page


TERMS = Shared(TariffTerms, **{name: f"tariff__{name}" for name in TariffTerms._fields})
MODEL = Shared(BikeModelRow, id="model__id", name="model__name", propulsion="model__propulsion")
BIKE = Columns(
    BikeRow,
    id=as_text("id"),
    model=MODEL,
    station_id=as_text("station_id"),
    station_name="station__name",
    terms=TERMS,
)

BIKE_FOR_RENTAL = Columns(
    BikeForRental,
    id=as_text("id"),
    model=MODEL,
    station_id=as_text("station_id"),
    station_name="station__name",
    station_is_renting="station__is_renting",
    tariff_id=as_text("tariff_id"),
    terms=TERMS,
)


def bikes_filter(filters: BikeFilters) -> QuerySet[Bike]:
    """The bikes that riders may see. Retired bikes are in no list."""
    if filters.status is None:
        bikes = Bike.objects.exclude(status=BikeStatus.RETIRED)
    else:
        bikes = Bike.objects.filter(status=filters.status)
    if filters.status == BikeStatus.AVAILABLE:  # a free bike that no rider can take is left out too
        bikes = bikes.exclude(station__in=Station.objects.filter(is_renting=False).values("pk"))
    if filters.station_id is not None:
        bikes = bikes.filter(station=filters.station_id)
    if filters.model_id is not None:
        bikes = bikes.filter(model=filters.model_id)
    if filters.number_key is not None:
        bikes = bikes.filter(with_number_key(filters.number_key))
    return bikes


def with_number_key(key: str) -> Q:
    """The condition for the bike with this key of its number, written so that the index is used."""
    return Q(Exact(NUMBER_KEY, key))


NUMBER_ORDER = ("number",)
_TYPES: dict[str, Any] = {"station_id": UUID, "model_id": UUID, "number_key": str, "cursor_number": str}


def bikes_page(filters: BikeFilters, *, page: Page[BikeRow], using: str = DEFAULT_DB_ALIAS) -> Page[BikeRow]:
    """Bikes in NUMBER_ORDER. One statement, two if there are boxes."""
    if filters.boxes:  # the number of boxes changes the SQL, so the ORM writes it each time
        bikes = _in_boxes(bikes_filter(filters).using(using), filters.boxes).values_list(*BIKE.paths)
        return page.filled(BIKE.rows(page.select(bikes)))
    values = filter_values(filters)
    values |= page.values
    statement = _page_statement(filters.status, tuple(values), page.shape)
    return page.filled(statement.rows(using=using, **values))


def filter_values(filters: BikeFilters) -> dict[str, Any]:
    """The filters that are values of a statement. The status is written into it, and boxes are no values."""
    given = filters._asdict()
    del given["status"], given["boxes"]
    return {name: value for name, value in given.items() if value is not None}


@lru_cache(maxsize=256)
def _page_statement(status: str | None, names: tuple[str, ...], shape: PageShape) -> Select[BikeRow]:
    """The statement for one combination of filters. Status and page size are literals in its SQL: few bikes are in
    maintenance and most are free, so these need different plans."""

    def bikes(v: Samples) -> QuerySet[Bike]:
        filters = BikeFilters(status, **{name: value for name, value in v.items() if name != "cursor_number"})
        return shape.select(bikes_filter(filters), v)

    return Select(BIKE, bikes, **{name: _TYPES[name] for name in names})


def _in_boxes(bikes: QuerySet[Bike], boxes: Sequence[Box]) -> QuerySet[Bike]:
    """Filter by boxes. PostgreSQL estimates that any box holds a thousandth of the table, and would sort a whole
    city for a page.

    The filter gives it a better plan: a few bikes are found by place and sorted by number; with many bikes, reading in
    the order of numbers soon fills a page.
    """
    found = bikes.filter(Within.any_of(boxes))
    if len(found.order_by().values_list("status")[:SORTED_MAX]) < SORTED_MAX:
        return found
    return bikes.filter(between_any(boxes))


def bikes_by_number(text: str) -> QuerySet[Bike]:
    """The bike with that number in any spelling, if there is one. One statement."""
    key = number_key_typed(text)
    return Bike.objects.filter(with_number_key(key)) if is_number_key(key) else Bike.objects.none()


_ONE = Select(BIKE, lambda v: Bike.objects.filter(pk=v["bike_id"]), bike_id=UUID)


def bike_row(*, bike_id: UUID) -> BikeRow:
    """One statement.

    :raises BikeNotFoundError: if there is none
    """
    row = _ONE.first(bike_id=bike_id)
    if row is None:
        raise BikeNotFoundError
    return row
