"""A bike is returned only at a plausible place. Otherwise the ride goes on."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from bikerental.core.geometry import Box, Position, boxes_with_margin, distance_m, lies_in
from bikerental.fleet.models import Station
from bikerental.fleet.selectors import bounds, is_in_service
from bikerental.rentals.models import Rental, RentalEvent
from tests.clients import RiderClient
from tests.factories import make_rental, make_station

# Real commits, because a refusal inside a test's own transaction would end that.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    bounds._kept = (0.0, [])
    yield
    bounds._kept = (0.0, [])


def send(client: RiderClient, rental: Rental, latitude: float, longitude: float, **headers: str) -> Any:
    place = {"latitude": latitude, "longitude": longitude}
    return client.post(f"/api/v1/rentals/{rental.pk}/return/", place, headers=headers)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(0, 0), (30.31, 59.93), (-33.87, 151.21), (60.5, 30.31), (59.93, 31.3), (-59.93, 30.31), (59.93, -30.31)],
)
def test_a_place_far_from_all_stations_is_refused(rider_client: RiderClient, latitude: float, longitude: float) -> None:
    make_station()
    rental = make_rental(rider=rider_client.rider)
    before = (rental.bike.latitude, rental.bike.longitude)

    answer = send(rider_client, rental, latitude, longitude)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    errors = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert errors == [("latitude", "invalid"), ("longitude", "invalid")]
    rental.refresh_from_db()
    rental.bike.refresh_from_db()
    assert (rental.status, rental.ended_at, rental.bike.status) == ("active", None, "rented")
    assert (rental.bike.latitude, rental.bike.longitude) == before
    assert not RentalEvent.objects.exists()


@pytest.mark.parametrize(("latitude", "longitude"), [(59.93, 30.31), (60.37, 30.31), (59.93, 31.2), (59.5, 29.5)])
def test_a_place_round_the_stations_is_taken(rider_client: RiderClient, latitude: float, longitude: float) -> None:
    make_station()
    rental = make_rental(rider=rider_client.rider)

    answer = send(rider_client, rental, latitude, longitude)

    assert (answer.status_code, answer.json()["status"]) == (200, "returned")


def test_a_refused_place_leaves_the_key_free_for_the_right_one(rider_client: RiderClient) -> None:
    make_station()
    rental = make_rental(rider=rider_client.rider)
    send(rider_client, rental, 0, 0, **{"Idempotency-Key": "home"})

    answer = send(rider_client, rental, 59.93, 30.31, **{"Idempotency-Key": "home"})

    assert answer.status_code == 200


def test_the_refusal_is_said_in_russian(rider_client: RiderClient) -> None:
    make_station()

    answer = send(rider_client, make_rental(rider=rider_client.rider), 0, 0, **{"Accept-Language": "ru"})

    assert answer.json()["errors"][0]["detail"].startswith("Это место вне зоны работы сервиса.")


def test_while_there_is_no_station_any_place_is_taken(rider_client: RiderClient) -> None:
    assert send(rider_client, make_rental(rider=rider_client.rider), -33.87, 151.21).status_code == 200


def test_an_operators_bounds_count_instead(rider_client: RiderClient, settings: Settings) -> None:
    settings.SERVICE_BOUNDS = (151.0, -34.0, 151.5, -33.5)
    make_station()

    rental = make_rental(rider=rider_client.rider)

    assert send(rider_client, rental, 59.93, 30.31).status_code == 400
    assert send(rider_client, rental, -33.5, 151.0).status_code == 200


@pytest.mark.parametrize(
    ("longitude", "is_inside"),
    [(179, True), (180, True), (-180, True), (-179, True), (178.9, False), (-178.9, False), (0, False)],
)
def test_bounds_cross_the_180th_meridian(settings: Settings, longitude: float, is_inside: bool) -> None:
    settings.SERVICE_BOUNDS = (179.0, -1.0, -179.0, 1.0)

    assert is_in_service(Position(1.0, longitude)) is is_inside


def test_stations_round_the_180th_meridian_are_one_area() -> None:
    make_station(latitude=0, longitude=179.0)
    make_station(latitude=0, longitude=-179.0)

    found = {longitude: is_in_service(Position(0, longitude)) for longitude in (178.6, 180, -180, -178.6, 178.5, 0)}

    assert found == {178.6: True, 180: True, -180: True, -178.6: True, 178.5: False, 0: False}


def test_a_return_by_place_asks_for_the_stations_once_a_minute() -> None:
    make_station()
    is_in_service(Position(59.93, 30.31))

    with CaptureQueriesContext(connection) as captured:
        assert is_in_service(Position(59.94, 30.32))

    assert len(captured) == 0


def test_a_new_station_counts_at_once_an_old_one_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    make_station()
    assert not is_in_service(Position(-33.87, 151.21))
    sydney = make_station(latitude=-33.87, longitude=151.21)
    assert is_in_service(Position(-33.87, 151.21))
    Station.objects.filter(pk=sydney.pk).delete()
    assert is_in_service(Position(-33.87, 151.21))
    later = bounds.time.monotonic() + bounds.KEPT_SECONDS

    monkeypatch.setattr(bounds.time, "monotonic", lambda: later)

    assert not is_in_service(Position(-33.87, 151.21))


@pytest.mark.parametrize("latitude", [0.0, 59.93, -75.0, 89.0])
@pytest.mark.parametrize("longitude", [0.0, 30.31, 179.9, -179.9])
def test_surroundings_hold_what_is_nearer_and_end_soon_after(latitude: float, longitude: float) -> None:
    boxes = boxes_with_margin(west=longitude, south=latitude, east=longitude, north=latitude, metres=50_000)
    here = Position(latitude, longitude)

    for north in range(-10, 11):
        for east in range(-10, 11):
            place = Position(latitude + north / 20, (longitude + east / 5 + 180) % 360 - 180)
            if distance_m(here, place) <= 49_999:
                assert lies_in(place, boxes), place
    assert not lies_in(Position(latitude - 0.5, longitude), boxes)


def test_surroundings_of_the_whole_globe_are_the_globe() -> None:
    boxes = boxes_with_margin(west=-179.9, south=-10, east=179.9, north=10, metres=50_000)

    assert [(box.west, box.east) for box in boxes] == [(-180.0, 180.0)]


def test_borders_count_as_inside() -> None:
    box = Box(1.0, 2.0, 3.0, 4.0)

    assert all(lies_in(Position(*corner), [box]) for corner in ((2, 1), (2, 3), (4, 1), (4, 3)))
    assert not lies_in(Position(2, 0.999), [box])


def test_180_degrees_east_and_west_are_one_meridian(settings: Settings) -> None:
    settings.SERVICE_BOUNDS = (179.0, -1.0, 180.0, 1.0)

    assert is_in_service(Position(0.0, -180.0))
