"""Bikes by number."""

from typing import Any
from uuid import UUID

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.fleet.models import Bike
from bikerental.fleet.selectors.geometry import Within
from bikerental.fleet.types import BikeFilters


def as_text(path: str) -> Cast:
    return Cast(path, CharField())


# In the order that `bike_json` unpacks.
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
    return bikes.filter(Within.any_of(filters.boxes)) if filters.boxes else bikes


def bikes_list(filters: BikeFilters) -> QuerySet[Bike, tuple[Any, ...]]:
    """Rows of BIKE_COLUMNS by number. One statement."""
    return bikes_filter(filters).order_by("number").values_list(*BIKE_COLUMNS)


def bike_row(*, bike_id: UUID) -> tuple[Any, ...]:
    """One statement.

    :raises BikeNotFoundError: if there is none
    """
    row = Bike.objects.filter(pk=bike_id).values_list(*BIKE_COLUMNS).first()
    if row is None:
        raise BikeNotFoundError
    return row
