"""The filters of bikes, in both lists."""

from uuid import UUID

import pytest

from bikerental.core.db.keyset import Page
from bikerental.core.geometry import Box, Position
from bikerental.fleet.selectors import NEAR_ORDER, NUMBER_ORDER, bikes_near, bikes_page
from bikerental.fleet.types import BikeFilters, Circle
from tests.factories import make_bike

OTHERS = {
    "status": "rented",
    "station_id": UUID(int=1),
    "model_id": UUID(int=1),
    "boxes": (Box(1.0, 1.0, 2.0, 2.0),),
    "number_key": "zz",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BikeFilters._fields)
def test_each_filter_leaves_out_what_it_does_not_allow(name: str) -> None:
    make_bike(latitude=10.0, longitude=10.0)

    def found(filters: BikeFilters) -> int:
        return len(bikes_page(filters, page=Page(NUMBER_ORDER)).rows)

    assert (found(BikeFilters()), found(BikeFilters(**{name: OTHERS[name]}))) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in BikeFilters._fields if name != "boxes"])
def test_each_filter_leaves_out_near_bikes_too(name: str) -> None:
    make_bike(latitude=10.0, longitude=10.0)
    circle = Circle(Position(10.0, 10.0), 100)

    def found(filters: BikeFilters) -> int:
        return len(bikes_near(circle=circle, filters=filters, page=Page(NEAR_ORDER)).rows)

    assert (found(BikeFilters()), found(BikeFilters(**{name: OTHERS[name]}))) == (1, 0)
