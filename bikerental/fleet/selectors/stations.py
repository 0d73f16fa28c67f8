"""Stations, with what can be taken from and left at each."""

from typing import Any
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from bikerental.core.db.statements import as_text
from bikerental.core.geometry import boxes_around
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import StationNotFoundError
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors.geometry import between_any, metres_to
from bikerental.fleet.types import Circle, StationRow

# In the order of the fields of StationRow.
STATION_COLUMNS = (as_text("id"), "name", "latitude", "longitude", "capacity", "bikes_available", "docks_available")


def stations_list() -> QuerySet[Station, tuple[Any, ...]]:
    """Rows of STATION_COLUMNS by name. One statement; the bikes of a page's stations alone are counted."""
    return _stations_counted().order_by("name", "pk").values_list(*STATION_COLUMNS)


def stations_near(circle: Circle) -> QuerySet[Station, tuple[Any, ...]]:
    """Rows of STATION_COLUMNS and `distance_m`, nearest first. One statement.

    It reads each station's place: there are hundreds of times fewer stations than bikes.
    """
    near = _stations_counted().filter(between_any(boxes_around(*circle)))
    found = near.annotate(distance_m=metres_to(circle.centre)).filter(distance_m__lte=circle.radius_m)
    return found.order_by("distance_m", "name", "pk").values_list(*STATION_COLUMNS, "distance_m")


def _stations_counted() -> QuerySet[Station]:
    return stations_with_bikes().annotate(
        bikes_available=_count(_at_station().filter(status=BikeStatus.AVAILABLE)),
        docks_available=Greatest(Value(0), F("capacity") - F("bikes_here")),
    )


def station_row(*, station_id: UUID) -> StationRow:
    """One statement.

    :raises StationNotFoundError: if there is none
    """
    row = stations_list().filter(pk=station_id).first()
    if row is None:
        raise StationNotFoundError
    return StationRow(*row)


def stations_with_bikes() -> QuerySet[Station]:
    """With `bikes_here`: those that stand there, whatever their state. One statement."""
    return Station.objects.annotate(bikes_here=_count(_at_station().exclude(status=BikeStatus.RENTED)))


def _at_station() -> QuerySet[Bike]:
    return Bike.objects.filter(station=OuterRef("pk"))


def _count(bikes: QuerySet[Bike]) -> Coalesce:
    counts = bikes.order_by().values("station").annotate(number_of=Count("pk")).values("number_of")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)
