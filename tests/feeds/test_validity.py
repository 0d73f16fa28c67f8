"""The public feed of several cities is valid: by the official schemas, by their rules across files, and by our own."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from gbfs_validator import GBFS

from bikerental.rentals.services import rental_return, rental_start, reservation_start
from bikerental.rentals.types import Place
from tests.clients import RiderClient
from tests.factories import make_bike, make_model, make_station, make_tariff, make_user
from tests.feeds.checks import CHECKS, faults_of, rows, vehicles
from tests.feeds.reading import built, read
from tests.feeds.rows import make_alert, make_region, make_system
from tests.zones.drawing import make_zone, polygon, square

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HOLE = polygon(square(30.1, 59.6, 30.9, 60.4), square(30.3, 59.9, 30.4, 60.0))


def nothing() -> None:
    """An empty city."""


def stations_only() -> None:
    tariff, models = make_tariff(daily_cap=Decimal(450), out_of_area_fee=Decimal(300)), kinds()
    for number in range(5):
        station = make_station(name=f'№ {number} "quoted" <&>', is_renting=number != 3, is_returning=number != 4)
        for model in models:
            make_bike(station=station, model=model, tariff=tariff)
    make_bike(station=station, status="maintenance")


def street_only() -> None:
    make_zone(HOLE, valid_until=timezone.now() + timedelta(days=1))
    make_zone(polygon(square(179.5, -10, -179.5, 10)), name="across the 180th meridian")
    make_zone(polygon(square(30.2, 59.9, 30.3, 60.0)), kind="no_return", name="Park")
    free = make_tariff(unlock_fee=0, per_minute=0)
    for model in kinds():
        make_bike(model=model)
        make_bike(model=model, tariff=free, latitude=-89.99999951, longitude=179.9999999)
    hold(make_bike())


def morning() -> None:
    """Rides from and to stations and the street, a broken bike, and holds."""
    stations_only()
    street_only()
    stations, now = [make_station() for _ in range(3)], timezone.now()
    tell(stations, now)
    for number in range(30):
        rider, bike = make_user(), make_bike(station=stations[number % 3])
        rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=now)
        place = Place(station_id=stations[number % 2].pk) if number % 3 else Place(latitude=59.7, longitude=30.2)
        if number % 5 == 0:
            continue  # this ride runs on
        rental_return(rental_id=rental.id, rider_id=rider.pk, place=place, now=now)
        if number % 7 == 1:
            hold(bike)


def demo() -> None:
    call_command("seed_demo", bikes=300, stations=20, users=40, rentals=1000, stdout=StringIO())


def tell(stations: list[Any], now: datetime) -> None:
    """A system, a region, and alerts: over, in force and to come."""
    languages = {"languages": "ru en", "license_id": "CC-BY-4.0", "phone_number": "+3712000000"}
    apps = {f"{app}_{kind}_uri": f"https://{app}.example/{kind}" for app in APPS for kind in ("store", "discovery")}
    make_system(**languages, **apps)
    region = make_region(*stations[:2])
    day = timedelta(days=1)
    for start in (now - 3 * day, now - day, now + day):
        make_alert(stations=tuple(stations), regions=(region,), starts_at=start, ends_at=start + 2 * day)


APPS = ("android", "ios")


def hold(bike: Any) -> None:
    reservation_start(rider_id=make_user().pk, bike_id=bike.pk, now=timezone.now())


def kinds() -> list[Any]:
    return [make_model(propulsion=each) for each in ("human", "electric_assist", "electric")]


CITIES: list[Callable[[], None]] = [nothing, stations_only, street_only, morning, demo]


def notices(url: str) -> list[Any]:
    report = GBFS(url, docked=True, freefloating=True).validation()
    assert report["summary"]["version"]["detected"] in {"2.3", "3.0"}
    wrong = [each for each in report["files"] if each["hasErrors"] or each["errorsCount"]]
    missing = [each["file"] for each in report["files"] if not each["exists"]]
    assert set(missing) <= {"manifest.json", "system_hours.json", "system_calendar.json", "system_regions.json"}
    return wrong


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.__name__)
def test_the_feed_of_a_city_is_valid(city: Callable[[], None], address: str) -> None:
    city()
    built()

    assert notices(f"{address}/gbfs/3/gbfs.json") == []
    assert notices(f"{address}/gbfs/2/gbfs.json") == []
    feed = read(address)
    assert faults_of(feed, now=timezone.now()) == []
    assert len(feed.second) == 2
    assert len(rows(feed.third, "system_alerts")) == {morning: 2, demo: 3}.get(city, 0)
    assert ("system_regions" in feed.third) == (city in {morning, demo})


def test_the_vehicles_are_the_bikes_that_the_api_lists(address: str) -> None:
    morning()
    built()

    feed = read(address)

    client, listed, url = RiderClient(make_user()), [], "/api/v1/bikes/?status=available&limit=100"
    while url:
        page = client.get(url).json()
        listed += page["results"]
        url = page["next"]
    places = sorted((round(bike["latitude"], 6), round(bike["longitude"], 6)) for bike in listed)
    for files in (feed.third, feed.second["en"]):
        shown = [each for each in vehicles(files) if not each["is_reserved"]]
        assert sorted((each["lat"], each["lon"]) for each in shown) == places


def test_nothing_of_a_rider_is_in_any_file(address: str) -> None:
    rider = make_user(email="secret.rider@example.org", name="Secretname")
    bike = make_bike(number="SECRETNUMBER")
    rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=timezone.now())
    rental_return(rental_id=rental.id, rider_id=rider.pk, place=None, now=timezone.now())
    built()

    text = json.dumps(read(address))

    secrets = (rider.email, rider.name, str(rider.pk), rental.id, bike.number, str(bike.pk))
    assert [secret for secret in secrets if str(secret) in text] == []
    assert vehicles(read(address).third)


# A change of the morning's feed, and the check that must find it.
SPOILED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ids_are_unique": lambda files: rows(files, "vehicle_status").append(rows(files, "vehicle_status")[0]),
    "references_exist": lambda files: rows(files, "vehicle_status")[0].update(pricing_plan_id="none"),
    "stations_are_the_same": lambda files: rows(files, "station_status").pop(),
    "counts_add_up": lambda files: rows(files, "station_status")[0].update(num_vehicles_available=77),
    "times_are_true": lambda files: files["station_status"].update(last_updated="2026-06-15T12:00:00Z"),
    "alerts_are_not_over": lambda files: rows(files, "system_alerts").append(
        {"alert_id": "1", "times": [{"end": "2026-06-15T12:00:00Z"}]}
    ),
    "places_are_in_bounds": lambda files: rows(files, "vehicle_status")[0].update(lat=0, lon=0),
    "nothing_is_null": lambda files: rows(files, "station_status")[0].update(num_docks_available=None),
    "numbers_are_no_texts": lambda files: rows(files, "station_information")[0].update(capacity="20"),
    "every_text_is_in_every_language": lambda files: rows(files, "station_information")[0]["name"].pop(),
}


def test_each_check_finds_its_fault(address: str) -> None:
    assert set(SPOILED) == {check.__name__ for check in CHECKS}
    morning()
    built()
    feed = read(address)
    for check in CHECKS:
        assert list(check(feed.third, timezone.now())) == []
        spoiled = deepcopy(feed.third)
        SPOILED[check.__name__](spoiled)
        assert list(check(spoiled, timezone.now())), check.__name__
