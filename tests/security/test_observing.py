"""What one rider's reading of the lists says of another rider's ride."""

from typing import Any

import pytest
from django.utils import timezone

from bikerental.rentals.services import rental_return, rental_start
from bikerental.rentals.types import Place
from tests.clients import RiderClient
from tests.factories import make_bike, make_station, make_user

pytestmark = pytest.mark.django_db
TARIFF = {
    "name", "currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap", "overdue_after_minutes",
    "out_of_area_fee",
}  # fmt: skip
BIKE = {"id", "number", "model", "status", "station", "latitude", "longitude", "tariff", "photo", "thumbnail"}
STATION = {
    "id", "name", "latitude", "longitude", "capacity", "bikes_available", "docks_available", "is_renting",
    "is_returning",
}  # fmt: skip


def test_the_lists_say_nothing_of_a_rider_or_a_ride(rider_client: RiderClient) -> None:
    start = make_station(name="Start", latitude=59.93, longitude=30.31)
    bike, other = make_bike(station=start), make_user(name="Somebody Else", email="somebody@example.org")
    now = timezone.now()
    rental = rental_start(rider_id=other.pk, bike_id=bike.pk, now=now)

    riding = read(rider_client, bike.pk)
    place = Place(latitude=59.95, longitude=30.35)
    rental_return(rental_id=rental.id, rider_id=other.pk, place=place, now=now)
    ended = read(rider_client, bike.pk)

    for told in (riding, ended):
        text = str(told)
        assert not any(each in text for each in (str(other.pk), other.name, other.email, str(rental.id)))
        assert now.strftime("%Y-%m-%d") not in text  # no time of an event
    # While it is ridden it has the place where the ride began.
    assert [(each["status"], each["latitude"], each["longitude"]) for each in riding[:2]] == [
        ("rented", 59.93, 30.31)
    ] * 2
    assert [(each["status"], each["latitude"]) for each in ended[:2]] == [("available", 59.95)] * 2


def test_the_lists_have_these_fields_and_no_others(rider_client: RiderClient) -> None:
    bike = make_bike(station=make_station())

    listed, one, station = read(rider_client, bike.pk)

    assert set(listed) == set(one) == BIKE
    assert set(one["tariff"]) <= TARIFF
    assert set(one["model"]) == {"id", "name", "propulsion"}
    assert set(one["station"]) == {"id", "name"}
    assert set(station) == STATION


def read(client: RiderClient, bike_id: Any) -> list[dict[str, Any]]:
    """The bike in the list, the bike alone, and the first station."""
    listed = client.get("/api/v1/bikes/", {"status": "any"}).json()["results"][0]
    stations = client.get("/api/v1/stations/").json()["results"][0]
    return [listed, client.get(f"/api/v1/bikes/{bike_id}/").json(), stations]
