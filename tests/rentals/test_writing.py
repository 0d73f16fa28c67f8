"""The SQL that begins and ends a ride, compared with the models, because no ORM writes these rows."""

import re

import pytest
from django.apps import apps
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED

from bikerental.rentals.services import rental_return
from bikerental.rentals.services.writing import END, START
from tests.factories import NOON, make_bike, make_rental

INSERTS = [
    (table, set(columns.replace(",", " ").split()))
    for statement in (START, END)
    for table, columns in re.findall(r"INSERT INTO (\w+) \(([^)]*)\)", statement.sql)
]
MODELS: dict[str, type[Model]] = {model._meta.db_table: model for model in apps.get_models()}


def is_filled_by_the_database(field: Field) -> bool:  # type: ignore[type-arg] # of any kind
    if field.db_default is not NOT_PROVIDED or field is field.model._meta.auto_field:
        return True
    return field.null and field.default is NOT_PROVIDED


def test_start_and_return_note_events_and_a_change() -> None:
    both = ["rentals_rentalevent", "users_recentchange"]

    assert [table for table, _ in INSERTS] == ["fleet_bikeevent", "rentals_rental", *both, "fleet_bikeevent", *both]


@pytest.mark.parametrize(("table", "columns"), INSERTS)
def test_inserts_name_every_column_that_needs_a_value(table: str, columns: set[str]) -> None:
    fields = MODELS[table]._meta.concrete_fields

    assert {field.column for field in fields if not is_filled_by_the_database(field)} <= columns
    assert columns <= {field.column for field in fields}


@pytest.mark.django_db(transaction=True)
def test_a_bike_of_no_station_returned_without_a_place_stays() -> None:
    bike = make_bike(status="rented", latitude=1.5, longitude=2.5)
    rental = make_rental(bike=bike)

    rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON)

    bike.refresh_from_db()
    assert (bike.status, bike.station, bike.latitude, bike.longitude) == ("available", None, 1.5, 2.5)
