"""The filters of a rider's rentals."""

from datetime import timedelta

import pytest

from bikerental.core.db.keyset import Page
from bikerental.rentals.selectors import NEWEST_FIRST, RentalFilters, rentals_page
from tests.factories import NOON, make_rental

OTHERS = {
    "status": "settled",
    "started_from": NOON + timedelta(minutes=1),
    "started_to": NOON - timedelta(minutes=1),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", RentalFilters._fields)
def test_each_filter_leaves_out_what_it_does_not_allow(name: str) -> None:
    rider_id = make_rental(started_at=NOON).rider_id

    def found(filters: RentalFilters) -> int:
        return len(rentals_page(rider_id=rider_id, filters=filters, page=Page(NEWEST_FIRST)).rows)

    assert (found(RentalFilters()), found(RentalFilters(**{name: OTHERS[name]}))) == (1, 0)
