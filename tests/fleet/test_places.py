"""A bike at a station is at the station's position."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from bikerental.fleet.models import Bike, Station
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import rental_return, rental_start
from tests.factories import NOON, make_bike, make_model, make_rental, make_station, make_tariff, make_user
from tests.http.pages import open_form

pytestmark = pytest.mark.django_db
ADD = "/admin/fleet/bike/add/"


def edit(operator: Client, row: Bike | Station, **fields: Any) -> int:
    path = reverse(f"admin:fleet_{row._meta.model_name}_change", args=[row.pk])
    return operator.post(path, open_form(operator, path) | fields).status_code


def place_of(bike: Bike) -> tuple[Any, float, float]:
    bike.refresh_from_db()
    return bike.station, bike.latitude, bike.longitude


def test_a_station_that_moves_takes_its_bikes_along(operator: Client) -> None:
    station, other = make_station(latitude=59.9, longitude=30.3), make_station(latitude=59.8, longitude=30.2)
    here = make_bike(station=station, latitude=59.9, longitude=30.3)
    mended = make_bike(station=station, latitude=59.9, longitude=30.3, status="maintenance")
    elsewhere = make_bike(station=other, latitude=59.8, longitude=30.2)
    ridden = make_rental().bike

    assert edit(operator, station, latitude="59.95") == 302

    assert [place_of(bike) for bike in (here, mended)] == [(station, 59.95, 30.3)] * 2
    assert place_of(elsewhere) == (other, 59.8, 30.2)
    assert place_of(ridden) == (None, 59.93, 30.31)


def test_a_station_that_is_renamed_moves_nothing(operator: Client) -> None:
    station = make_station(latitude=59.9)
    bike = make_bike(station=station, latitude=59.91)

    assert edit(operator, station, name="Renamed") == 302

    assert place_of(bike) == (station, 59.91, 30.31)


def test_a_bike_that_is_given_a_station_stands_there(operator: Client) -> None:
    station, bike = make_station(latitude=59.9, longitude=30.3), make_bike()

    assert edit(operator, bike, station=str(station.pk)) == 302

    assert place_of(bike) == (station, 59.9, 30.3)


def test_other_coordinates_take_a_bike_off_its_station(operator: Client) -> None:
    bike = make_bike(station=make_station())

    assert edit(operator, bike, latitude="59.5") == 302

    assert place_of(bike) == (None, 59.5, 30.31)


def test_a_bike_that_leaves_its_station_stays_where_it_stands(operator: Client) -> None:
    bike = make_bike(station=make_station(), latitude=59.5)

    assert edit(operator, bike, station="") == 302

    assert place_of(bike) == (None, 59.5, 30.31)


def test_without_coordinates_a_bike_goes_back_to_its_station(operator: Client) -> None:
    station = make_station(latitude=59.9, longitude=30.3)
    bike = make_bike(station=station)

    assert edit(operator, bike, latitude="", longitude="") == 302

    assert place_of(bike) == (station, 59.9, 30.3)


def test_a_bike_that_is_ridden_gets_no_station(operator: Client) -> None:
    bike = make_rental().bike

    assert edit(operator, bike, station=str(make_station().pk)) == 200

    assert place_of(bike) == (None, 59.93, 30.31)


def new_bike(**place: str) -> dict[str, str]:
    return {"number": "NEW-1", "model": str(make_model().pk), "tariff": str(make_tariff().pk)} | place


@pytest.mark.parametrize("given", [{}, {"latitude": "1", "longitude": "1"}])
def test_a_new_bike_at_a_station_stands_there(operator: Client, given: dict[str, str]) -> None:
    station = make_station(latitude=59.9, longitude=30.3)

    assert operator.post(ADD, new_bike(station=str(station.pk), **given)).status_code == 302

    assert place_of(Bike.objects.get()) == (station, 59.9, 30.3)


@pytest.mark.parametrize("given", [{}, {"latitude": "59.9"}])
def test_a_new_bike_needs_a_place(operator: Client, given: dict[str, str]) -> None:
    answer = operator.post(ADD, new_bike(**given))

    assert "Give a station or coordinates." in answer.content.decode()
    assert not Bike.objects.exists()


def test_a_bike_in_another_city_is_a_mistake(operator: Client) -> None:
    make_station(latitude=59.9, longitude=30.3)

    answer = operator.post(ADD, new_bike(latitude="30.3", longitude="59.9"))

    assert "outside of the area" in answer.content.decode()
    assert not Bike.objects.exists()


def test_a_bike_that_bounds_left_outside_may_stay(operator: Client, settings: Settings) -> None:
    bike = make_bike()
    settings.SERVICE_BOUNDS = (10.0, 50.0, 11.0, 51.0)

    assert edit(operator, bike, number="NEW-1") == 302
    assert edit(operator, bike, latitude="59.5") == 200

    assert place_of(bike) == (None, 59.93, 30.31)
    assert bike.number == "NEW-1"


@pytest.mark.django_db(transaction=True)
def test_returned_where_taken_is_where_the_station_is_now(operator: Client) -> None:
    station, rider = make_station(latitude=59.9, longitude=30.3), make_user()
    bike = make_bike(station=station, latitude=59.9, longitude=30.3)
    rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    assert edit(operator, station, latitude="59.95") == 302

    rental_return(rental_id=rental.id, rider_id=rider.pk, place=None, now=NOON)

    assert place_of(bike) == (station, 59.95, 30.3)


def test_reconciling_finds_a_bike_away_from_its_station() -> None:
    station = make_station()
    bike = make_bike(station=station, latitude=59.5)
    make_bike(station=station)

    findings = {finding.check: finding.examples for finding in reconcile(Window(now=timezone.now())) if finding.rows}

    assert findings == {"bikes_off_station": (bike.number,)}
