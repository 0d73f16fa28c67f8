"""The endpoints of bikes and stations, through the whole stack."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import orjson
import pytest
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries
from rest_framework import serializers
from rest_framework.test import APIClient

from bikerental.fleet.api.serializers import BikeOutput, StationOutput
from bikerental.fleet.models import Bike
from bikerental.fleet.types import TariffTerms
from tests.clients import RiderClient
from tests.factories import make_bike, make_model, make_station, make_tariff

BIKES = "/api/v1/bikes/"
STATIONS = "/api/v1/stations/"
STATEMENTS_TO_LOG_IN = 1


def numbers(client: APIClient, **query: Any) -> list[str]:
    answer = client.get(BIKES, query)
    assert answer.status_code == 200, answer.content
    return [bike["number"] for bike in answer.json()["results"]]


def test_a_bike_says_all_that_is_promised(rider_client: RiderClient) -> None:
    station = make_station(name="Quay")
    bike = make_bike(
        number="B-7",
        station=station,
        model=make_model(name="City", propulsion="electric"),
        tariff=make_tariff(daily_cap="600", free_minutes=10),
        latitude=59.5,
        longitude=30.25,
        photo="bikes/1.webp",
    )

    answer = rider_client.get(f"{BIKES}{bike.pk}/")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(bike.pk),
        "number": "B-7",
        "model": {"id": str(bike.model_id), "name": "City", "propulsion": "electric"},
        "status": "available",
        "station": {"id": str(station.pk), "name": "Quay"},
        "latitude": 59.5,
        "longitude": 30.25,
        "tariff": {
            "name": "Basic",
            "currency": "RUB",
            "unlock_fee": "50.00",
            "per_minute": "5.00",
            "free_minutes": 10,
            "daily_cap": "600.00",
            "overdue_after_minutes": 1440,
            "out_of_area_fee": None,
        },
        "photo": "http://testserver/media/bikes/1.webp",
        "thumbnail": "http://testserver/media/bikes/1.small.webp",
    }


def test_a_bike_in_the_street_has_no_station_photo_or_cap(rider_client: RiderClient) -> None:
    bike = make_bike()

    body = rider_client.get(f"{BIKES}{bike.pk}/").json()

    assert (body["station"], body["photo"], body["tariff"]["daily_cap"]) == (None, None, None)


@pytest.mark.parametrize(("path", "code"), [(BIKES, "bike_not_found"), (STATIONS, "station_not_found")])
def test_an_unknown_id_is_a_404_with_its_code(rider_client: RiderClient, path: str, code: str) -> None:
    answer = rider_client.get(f"{path}{uuid4()}/")

    assert answer.status_code == 404
    assert answer.json()["code"] == code


@pytest.mark.django_db
@pytest.mark.parametrize("path", [BIKES, f"{BIKES}{uuid4()}/", STATIONS, f"{STATIONS}{uuid4()}/"])
def test_nobody_looks_without_a_token(anonymous: APIClient, path: str) -> None:
    assert anonymous.get(path).status_code == 401


def test_available_ones_by_number_unless_asked_otherwise(rider_client: RiderClient) -> None:
    for number, status in [
        ("3", "available"),
        ("1", "available"),
        ("2", "rented"),
        ("4", "maintenance"),
        ("5", "reserved"),
    ]:
        make_bike(number=number, status=status)

    assert numbers(rider_client) == ["1", "3"]
    assert numbers(rider_client, status="rented") == ["2"]
    assert numbers(rider_client, status="maintenance") == ["4"]
    assert numbers(rider_client, status="reserved") == ["5"]
    assert numbers(rider_client, status="any") == ["1", "2", "3", "4", "5"]


def test_filters_by_station_and_model(rider_client: RiderClient) -> None:
    station, model = make_station(), make_model()
    make_bike(number="1", station=station, model=model)
    make_bike(number="2", station=station)
    make_bike(number="3", model=model)

    assert numbers(rider_client, station=station.pk) == ["1", "2"]
    assert numbers(rider_client, model=model.pk) == ["1", "3"]
    assert numbers(rider_client, station=station.pk, model=model.pk) == ["1"]
    assert numbers(rider_client, station=uuid4()) == []


@pytest.mark.parametrize("few", [1, 2_000], ids=["as if many", "as if few"])
def test_bikes_of_a_box_also_over_the_180th_meridian(
    rider_client: RiderClient, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bikerental.fleet.selectors.bikes.SORTED_MAX", few)
    make_bike(number="1", latitude=10, longitude=179.5)
    make_bike(number="2", latitude=10, longitude=-179.5)
    make_bike(number="3", latitude=10, longitude=0)
    make_bike(number="4", latitude=21, longitude=179.5)

    assert numbers(rider_client, bbox="179,9,-179,20") == ["1", "2"]
    assert numbers(rider_client, bbox="-1,9,1,20") == ["3"]
    assert numbers(rider_client, bbox="-180,-90,180,90") == ["1", "2", "3", "4"]
    assert numbers(rider_client, bbox="0,10,0,10") == ["3"]


def test_nearest_first_with_the_distance(rider_client: RiderClient) -> None:
    make_bike(number="far", latitude=59.94, longitude=30.31)
    make_bike(number="near", latitude=59.931, longitude=30.31)
    make_bike(number="beyond", latitude=60.5, longitude=30.31)

    results = rider_client.get(BIKES, {"lat": 59.93, "lon": 30.31, "radius": 2000}).json()["results"]

    assert [(bike["number"], bike["distance_m"]) for bike in results] == [("near", 111.2), ("far", 1112.0)]


def test_only_a_search_by_place_tells_a_distance(rider_client: RiderClient) -> None:
    make_bike()

    [bike] = rider_client.get(BIKES).json()["results"]

    assert "distance_m" not in bike


@pytest.mark.parametrize(
    "query", [{}, {"lat": 59.93, "lon": 30.31}, {"bbox": "30,59,31,60"}], ids=["by number", "near", "box"]
)
def test_pages_go_forth_and_back(rider_client: RiderClient, query: dict[str, Any]) -> None:
    for i in range(7):
        make_bike(number=f"{i}", latitude=59.93 + i / 1000)
    url: str | None = BIKES
    pages, data = [], query | {"page_size": 3}
    while url is not None:
        body = rider_client.get(url, data).json()
        pages.append([bike["number"] for bike in body["results"]])
        url, data = body["next"], {}
    assert pages == [["0", "1", "2"], ["3", "4", "5"], ["6"]]

    body = rider_client.get(body["previous"]).json()
    assert [bike["number"] for bike in body["results"]] == ["3", "4", "5"]
    body = rider_client.get(body["previous"]).json()
    assert [bike["number"] for bike in body["results"]] == ["0", "1", "2"]
    assert body["previous"] is None


def test_the_nearest_refuse_a_cursor_of_the_list_by_number(rider_client: RiderClient) -> None:
    make_bike()
    make_bike()
    following = rider_client.get(BIKES, {"page_size": 1}).json()["next"]
    [cursor] = parse_qs(urlsplit(following).query)["cursor"]

    answer = rider_client.get(BIKES, {"lat": 1, "lon": 1, "cursor": cursor})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=blue", "status"),
        ("status=", "status"),
        ("station=1", "station"),
        ("model=x", "model"),
        ("station=%00", "station"),
        ("lat=1", "lon"),
        ("lon=1", "lat"),
        ("radius=5", "lat"),
        ("lat=1&lon=1&radius=-1", "radius"),
        ("lat=1&lon=1&radius=10000.1", "radius"),
        ("lat=1&lon=1&radius=nan", "radius"),
        ("lat=nan&lon=1", "lat"),
        ("lat=1&lon=inf", "lon"),
        ("lat=1_0&lon=1", "lat"),
        ("lat=90.1&lon=1", "lat"),
        ("lat=1&lon=-180.1", "lon"),
        ("lat=1e999&lon=1", "lat"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,4,5", "bbox"),
        ("bbox=a,b,c,d", "bbox"),
        ("bbox=nan,0,1,1", "bbox"),
        ("bbox=0,2,1,1", "bbox"),
        ("bbox=-181,0,1,1", "bbox"),
        ("bbox=0,0,1,91", "bbox"),
        ("bbox=", "bbox"),
        ("bbox=%00,1,1,1", "bbox"),
        ("bbox=0,0,1,1&lat=1&lon=1", "bbox"),
        ("cursor=forged", "cursor"),
        ("lat=1&lon=1&cursor=forged", "cursor"),
        ("page_size=0", "page_size"),
        ("lat=1&lon=1&page_size=201", "page_size"),
    ],
)
def test_a_value_that_means_nothing_is_a_400_that_names_it(rider_client: RiderClient, query: str, field: str) -> None:
    answer = rider_client.get(f"{BIKES}?{query}")

    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_station_counts_what_can_be_taken_and_left(rider_client: RiderClient) -> None:
    station = make_station(capacity=5)
    for status in ("available", "available", "maintenance", "reserved", "rented"):
        make_bike(station=station, status=status)
    make_bike(station=make_station())

    body = rider_client.get(f"{STATIONS}{station.pk}/").json()

    assert body == {
        "id": str(station.pk),
        "name": station.name,
        "latitude": 59.93,
        "longitude": 30.31,
        "capacity": 5,
        "is_renting": True,
        "is_returning": True,
        "bikes_available": 2,
        "docks_available": 1,
    }


def test_an_overfull_station_has_no_docks_rather_than_fewer(rider_client: RiderClient) -> None:
    station = make_station(capacity=1)
    make_bike(station=station)
    make_bike(station=station)

    assert rider_client.get(f"{STATIONS}{station.pk}/").json()["docks_available"] == 0


def test_stations_page_by_name_though_names_repeat(rider_client: RiderClient) -> None:
    made = [make_station(name=name) for name in ("B", "A", "A", "C")]
    expected = sorted((station.name, str(station.pk)) for station in made)

    url: str | None = f"{STATIONS}?page_size=1"
    found: list[tuple[str, str]] = []
    while url is not None:
        body = rider_client.get(url).json()
        found += [(station["name"], station["id"]) for station in body["results"]]
        url = body["next"]

    assert found == expected


def test_stations_come_nearest_first_with_their_distance(rider_client: RiderClient) -> None:
    make_station(name="far", latitude=59.94, longitude=30.31)
    make_station(name="near", latitude=59.931, longitude=30.31)
    make_station(name="beyond", latitude=60.5, longitude=30.31)

    results = rider_client.get(STATIONS, {"lat": 59.93, "lon": 30.31, "radius": 2000}).json()["results"]

    assert [(station["name"], station["distance_m"]) for station in results] == [("near", 111.2), ("far", 1112.0)]


def test_the_nearest_stations_page_both_ways_though_they_repeat(rider_client: RiderClient) -> None:
    made = [make_station(name=name, latitude=latitude) for latitude in (59.931, 59.932) for name in ("B", "A", "A")]
    expected = [str(one.pk) for one in sorted(made, key=lambda one: (one.latitude, one.name, one.pk))]

    def walk(url: str | None, way: str) -> list[str]:
        found: list[str] = []
        while url is not None:
            body = rider_client.get(url).json()
            ids = [station["id"] for station in body["results"]]
            found = found + ids if way == "next" else ids + found
            last.append(url)
            url = body[way]
        return found

    last: list[str] = []
    assert walk(f"{STATIONS}?lat=59.93&lon=30.31&page_size=2", "next") == expected
    assert walk(last[-1], "previous") == expected


def test_the_nearest_stations_may_be_over_the_180th_meridian(rider_client: RiderClient) -> None:
    for name, longitude in (("west", 179.99), ("east", -179.98), ("far", 179.0)):
        make_station(name=name, latitude=10, longitude=longitude)

    results = rider_client.get(STATIONS, {"lat": 10, "lon": 180, "radius": 5000}).json()["results"]

    assert [station["name"] for station in results] == ["west", "east"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("lat=59.93", "lon"),
        ("lon=30.31", "lat"),
        ("radius=100", "lat"),
        ("lat=91&lon=0", "lat"),
        ("lat=0&lon=181", "lon"),
        ("lat=0&lon=0&radius=-1", "radius"),
        ("lat=0&lon=0&radius=10001", "radius"),
        ("lat=nan&lon=0", "lat"),
        ("lat=x&lon=0", "lat"),
    ],
)
@pytest.mark.parametrize("path", [BIKES, STATIONS])
def test_a_circle_that_means_nothing_is_named(rider_client: RiderClient, path: str, query: str, parameter: str) -> None:
    answer = rider_client.get(f"{path}?{query}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, parameter)


def test_a_cursor_of_stations_by_name_is_none_of_the_nearest(rider_client: RiderClient) -> None:
    for _ in range(4):
        make_station()
    near = "lat=59.93&lon=30.31"
    by_name = rider_client.get(f"{STATIONS}?page_size=2").json()["next"]
    by_distance = rider_client.get(f"{STATIONS}?page_size=2&{near}").json()["next"]

    for url in (f"{by_name}&{near}", by_distance.replace(f"&{near}", "").replace(f"{near}&", "")):
        answer = rider_client.get(url)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize(
    ("path", "statements"),
    [
        (BIKES, 1),
        (f"{BIKES}?status=any", 1),
        (f"{BIKES}?bbox=30,59,31,60", 2),
        (f"{BIKES}?lat=59.93&lon=30.31", 2),
        (STATIONS, 1),
        (f"{STATIONS}?lat=59.93&lon=30.31", 1),
    ],
)
@pytest.mark.parametrize("rows", [1, 9])
def test_a_page_costs_the_same_statements_however_long(
    rider_client: RiderClient,
    django_assert_num_queries: DjangoAssertNumQueries,
    path: str,
    statements: int,
    rows: int,
) -> None:
    for _ in range(rows):
        make_bike(station=make_station())

    with django_assert_num_queries(STATEMENTS_TO_LOG_IN + statements):
        assert len(rider_client.get(path).json()["results"]) == rows


def shape_of(serializer: serializers.BaseSerializer[Any], value: Any) -> None:
    """The value has exactly the declared fields, and each field returns it unchanged."""
    if value is None:
        assert serializer.allow_null
        return
    if not isinstance(serializer, serializers.Serializer):
        assert serializer.to_representation(value) == value
        return
    required = {name for name, field in serializer.fields.items() if field.required}
    assert required <= set(value) <= set(serializer.fields)
    for name, part in value.items():
        shape_of(serializer.fields[name], part)


def test_the_json_of_a_part_that_bikes_share_is_written_once() -> None:
    terms = TariffTerms("Basic", "RUB", "50.00", "5.00", 0, None, 1440)

    assert orjson.loads(orjson.dumps(terms.json)) == terms._asdict()
    assert terms.json is terms.json
    assert terms == TariffTerms("Basic", "RUB", "50.00", "5.00", 0, None, 1440)


@override_settings(MEDIA_URL="https://media.example.org/")
def test_answers_have_the_declared_shape(rider_client: RiderClient) -> None:
    station = make_station()
    make_bike(station=station, photo="bikes/1.webp")
    make_bike(tariff=make_tariff(daily_cap=600))

    bikes = rider_client.get(BIKES).json()["results"]
    bikes += rider_client.get(BIKES, {"lat": 59.93, "lon": 30.31}).json()["results"]
    assert len(bikes) == 2 * Bike.objects.count() == 4
    for bike in bikes:
        shape_of(BikeOutput(), bike)
    [by_name] = rider_client.get(STATIONS).json()["results"]
    [near] = rider_client.get(STATIONS, {"lat": 59.93, "lon": 30.31}).json()["results"]
    for station_shown in (by_name, near):
        shape_of(StationOutput(), station_shown)
    assert set(near) == set(by_name) | {"distance_m"} == set(StationOutput().fields)
