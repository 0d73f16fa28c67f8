"""What the database itself forbids, whatever the code has seen before."""

import pytest
from django.db import IntegrityError

from tests.factories import make_rental, make_user

pytestmark = pytest.mark.django_db


def test_a_bike_has_one_open_ride() -> None:
    rental = make_rental()

    with pytest.raises(IntegrityError, match="rental_one_open_per_bike"):
        make_rental(bike=rental.bike, rider=make_user())


def test_a_rider_has_one_open_ride() -> None:
    rental = make_rental()

    with pytest.raises(IntegrityError, match="rental_one_open_per_rider"):
        make_rental(rider=rental.rider)
