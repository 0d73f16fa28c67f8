"""Bikes by number."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from bikerental.core.geo import Box
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.fleet.models import Bike
from bikerental.fleet.selectors.geometry import Within
from bikerental.fleet.types import BikeFilters, BikeRow

FEW = 2_000  # bikes that are sorted in a moment


def as_text(path: str) -> Cast:
    return Cast(path, CharField())


# In the order of the fields of BikeRow.
BIKE_COLUMNS = (
    as_text("id"), "number", "status", "latitude", "longitude", "photo",
    as_text("model_id"), "model__name", "model__propulsion",
    as_text("station_id"), "station__name",
    "tariff__name", "tariff__currency", as_text("tariff__unlock_fee"), as_text("tariff__per_minute"),
    "tariff__free_minutes", as_text("tariff__daily_cap"), "tariff__overdue_after_minutes",
)  # fmt: skip


def bikes_filter(filters: BikeFilters) -> QuerySet[Bike]:
    bikes = Bike.objects.all()
    if filters.status is not None:
        bikes = bikes.filter(status=filters.status)
    if filters.station_id is not None:
        bikes = bikes.filter(station=filters.station_id)
    if filters.model_id is not None:
        bikes = bikes.filter(model=filters.model_id)
    return bikes


def bikes_list(filters: BikeFilters) -> QuerySet[Bike, tuple[Any, ...]]:
    """Rows of BIKE_COLUMNS by number. One statement, with boxes two."""
    bikes = bikes_filter(filters)
    if filters.boxes:
        bikes = _in_boxes(bikes, filters.boxes)
    return bikes.order_by("number").values_list(*BIKE_COLUMNS)


def _in_boxes(bikes: QuerySet[Bike], boxes: Sequence[Box]) -> QuerySet[Bike]:
    """PostgreSQL takes any box for a thousandth of the table, and would sort a whole city for a page.

    So it is told which box is which: few bikes are found by place and sorted by number; where
    there are many, the walk by number soon meets a page of them.
    """
    found = bikes.filter(Within.any_of(boxes))
    if len(found.order_by().values_list("status")[:FEW]) < FEW:
        return found
    return bikes.filter(reduce(or_, (_between(box) for box in boxes)))


def _between(box: Box) -> Q:
    return Q(longitude__range=(box.west, box.east), latitude__range=(box.south, box.north))


def bike_row(*, bike_id: UUID) -> BikeRow:
    """One statement.

    :raises BikeNotFoundError: if there is none
    """
    row = Bike.objects.filter(pk=bike_id).values_list(*BIKE_COLUMNS).first()
    if row is None:
        raise BikeNotFoundError
    return BikeRow._make(row)
