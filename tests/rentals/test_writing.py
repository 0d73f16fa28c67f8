"""The SQL that begins and ends a ride."""

import re

import pytest

from bikerental.rentals.services import rental_return
from bikerental.rentals.services.writing import END, START
from tests.factories import NOON, make_bike, make_rental


def test_start_and_return_note_events_and_a_change() -> None:
    both = ["rentals_rentalevent", "users_recentchange"]
    tables = [table for statement in (START, END) for table in re.findall(r"INSERT INTO (\w+)", statement.sql)]

    assert tables == ["fleet_bikeevent", "rentals_rental", *both, "fleet_bikeevent", *both]


@pytest.mark.django_db(transaction=True)
def test_a_bike_of_no_station_returned_without_a_place_stays() -> None:
    bike = make_bike(status="rented", latitude=1.5, longitude=2.5)
    rental = make_rental(bike=bike)

    rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON)

    bike.refresh_from_db()
    assert (bike.status, bike.station, bike.latitude, bike.longitude) == ("available", None, 1.5, 2.5)
