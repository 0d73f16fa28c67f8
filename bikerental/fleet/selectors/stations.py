"""Stations, with the bikes and docks that are free at each."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Case, Count, F, FloatField, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest

from bikerental.core.db.columns import Columns, as_text
from bikerental.core.db.keyset import Page, PageShape
from bikerental.core.db.statements import Select
from bikerental.core.geometry import Position, boxes_around
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import StationNotFoundError
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors.geometry import between_any, metres_to
from bikerental.fleet.types import Circle, NearestEnd, StationRow

_STATION = Columns(StationRow, id=as_text("id"), distance_m=Value(None, output_field=FloatField()))
_NEAR_STATION = Columns(StationRow, id=as_text("id"))
_NEAREST = Columns(NearestEnd, station_id=as_text("id"), station_name="name")

# They differ in length, so that a cursor of one list is refused by the other.
NAME_ORDER, NEAR_STATION_ORDER = ("name", "id"), ("distance_m", "name", "id")


def stations_page(*, page: Page[StationRow], using: str = DEFAULT_DB_ALIAS) -> Page[StationRow]:
    """Stations in NAME_ORDER. One statement, which counts the bikes of 51 stations, or of 201 for a larger page."""
    return page.filled(_page_statement(page.shape).rows(using=using, **page.values))


@lru_cache(maxsize=8)
def _page_statement(shape: PageShape) -> Select[StationRow]:
    types: dict[str, Any] = {"cursor_name": str, "cursor_id": UUID} if shape.has_cursor else {}
    return Select(_STATION, lambda v: shape.select(_stations_counted(), v), **types)


def stations_near(circle: Circle, *, page: Page[StationRow], using: str = DEFAULT_DB_ALIAS) -> Page[StationRow]:
    """Stations in NEAR_STATION_ORDER. One statement.

    It reads each station's place: there are hundreds of times fewer stations than bikes.
    """
    near = _stations_counted(using).filter(between_any(boxes_around(*circle)))
    found = near.annotate(distance_m=metres_to(circle.centre)).filter(distance_m__lte=circle.radius_m)
    return page.filled(_NEAR_STATION.rows(page.select(found.values_list(*_NEAR_STATION.paths))))


def _stations_counted(using: str = DEFAULT_DB_ALIAS) -> QuerySet[Station]:
    return (
        stations_with_bikes()
        .using(using)
        .annotate(
            bikes_available=_where("is_renting", _count(_at_station().filter(status=BikeStatus.AVAILABLE))),
            docks_available=_where("is_returning", Greatest(Value(0), F("capacity") - F("bikes_here"))),
        )
    )


def station_row(*, station_id: UUID) -> StationRow:
    """One statement.

    :raises StationNotFoundError: if there is none
    """
    row = _stations_counted().filter(pk=station_id).values_list(*_STATION.paths).first()
    if row is None:
        raise StationNotFoundError
    return _STATION.row(row)


def stations_with_bikes() -> QuerySet[Station]:
    """Stations with `bikes_here`, the number of bikes there in any state. One statement."""
    return Station.objects.annotate(bikes_here=_count(_at_station().exclude(status=BikeStatus.RENTED)))


def station_nearest_returning(place: Position) -> NearestEnd | None:
    """The nearest station that takes returns. One statement, which reads each station's place."""
    stations = Station.objects.filter(is_returning=True).annotate(distance_m=metres_to(place))
    row = stations.order_by("distance_m", "pk").values_list(*_NEAREST.paths).first()
    return None if row is None else _NEAREST.row(row)


def _where(flag: str, count: Combinable) -> Case:
    return Case(When(**{flag: True}, then=count), default=Value(0))


def _at_station() -> QuerySet[Bike]:
    return Bike.objects.filter(station=OuterRef("pk"))


def _count(bikes: QuerySet[Bike]) -> Coalesce:
    counts = bikes.order_by().values("station").annotate(number_of=Count("pk")).values("number_of")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)
