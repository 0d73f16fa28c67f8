"""Bikes by distance: equal to a slow computation, everywhere on the globe."""

import random
from math import cos, radians
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from bikerental.core.db.keyset import Page
from bikerental.core.geometry import Position, distance_m
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors import NEAR_ORDER, bikes_near
from bikerental.fleet.selectors.nearby import distance_bound
from bikerental.fleet.types import BikeFilters, Circle, NearBike
from tests.factories import make_bike, make_model, make_tariff

pytestmark = pytest.mark.django_db

ALL = BikeFilters()
CITY = Position(59.93, 30.31)
CENTRES = {
    "city": CITY,
    "equator": Position(0.0, 0.0),
    "west of the 180th meridian": Position(-17.0, 179.99),
    "east of the 180th meridian": Position(65.0, -179.999),
    "on the 180th meridian": Position(10.0, 180.0),
    "on its other name": Position(10.0, -180.0),
    "north pole": Position(90.0, 0.0),
    "beside the south pole": Position(-89.97, 120.0),
    "far north": Position(84.0, -45.0),
}


def scatter(centre: Position, *, number_of: int, seed: int = 1, spread_m: float = 14_000, **fields: Any) -> None:
    """Bikes all round, some of them beyond the greatest radius, and some at the same place."""
    draw = random.Random(seed)
    model, tariff = make_model(), make_tariff()
    degrees = spread_m / 111_195
    places = [centre, centre]
    while len(places) < number_of:
        latitude = centre.latitude + draw.uniform(-degrees, degrees)
        width = min(180.0, degrees / max(cos(radians(centre.latitude)), 1e-9))
        longitude = centre.longitude + draw.uniform(-width, width)
        places.append(Position(max(-90.0, min(90.0, latitude)), (longitude + 180) % 360 - 180))
    Bike.objects.bulk_create(
        Bike(number=f"N-{seed}-{i}", model=model, tariff=tariff, latitude=p.latitude, longitude=p.longitude, **fields)
        for i, p in enumerate(places)
    )


def nearest_by_hand(circle: Circle) -> dict[UUID, float]:
    """The bikes of the circle in order, with their distances to a tenth of a millimetre."""
    found = {}
    for bike in Bike.objects.all():
        metres = distance_m(circle.centre, Position(bike.latitude, bike.longitude))
        if metres <= circle.radius_m:
            found[bike.pk] = round(metres, 4)
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def first_page(circle: Circle, *, size: int, filters: BikeFilters = ALL) -> Page[NearBike]:
    return bikes_near(circle=circle, filters=filters, page=Page(NEAR_ORDER, size))


def next_page(circle: Circle, page: Page[NearBike], filters: BikeFilters = ALL) -> Page[NearBike]:
    return bikes_near(circle=circle, filters=filters, page=Page(NEAR_ORDER, page.size, page.next))


def ids(page: Page[NearBike]) -> list[UUID]:
    return [near.bike_id for near in page.rows]


def pages(circle: Circle, *, size: int, filters: BikeFilters = ALL) -> list[Page[NearBike]]:
    found = [first_page(circle, size=size, filters=filters)]
    while found[-1].next is not None:
        found.append(next_page(circle, found[-1], filters))
    return found


@pytest.mark.parametrize("centre", CENTRES.values(), ids=CENTRES.keys())
@pytest.mark.parametrize("radius_m", [300.0, 10_000.0])
def test_pages_hold_every_bike_of_the_circle_by_exact_distance(centre: Position, radius_m: float) -> None:
    scatter(centre, number_of=400)
    circle = Circle(centre, radius_m)

    found = [pk for page in pages(circle, size=37) for pk in ids(page)]

    expected = nearest_by_hand(circle)
    assert len(expected) >= 2
    assert len(found) == len(expected)
    assert set(found) == set(expected)
    assert [expected[pk] for pk in found] == list(expected.values())


def test_a_row_ends_in_the_distance_that_the_kernel_computes() -> None:
    bike = make_bike(latitude=59.95, longitude=30.35)

    [row] = first_page(Circle(CITY, 5_000), size=5).rows

    assert row.bike_id == bike.pk
    assert row.distance_m == pytest.approx(distance_m(CITY, Position(59.95, 30.35)), rel=1e-12)


def test_the_bound_is_close_on_both_sides_of_the_180th_meridian() -> None:
    scatter(Position(-17.0, -179.999), number_of=60, spread_m=100)
    scatter(Position(-17.0, 179.93), number_of=60, seed=2, spread_m=100)

    bound = distance_bound(ALL, Circle(Position(-17.0, 179.999), 10_000), 50)

    assert bound < 400  # the other cluster is 7 km away


@pytest.mark.parametrize("wanted", [51, 201, 202, 900])
def test_the_bound_holds_those_wanted_and_not_the_whole_circle(wanted: int) -> None:
    scatter(CITY, number_of=1_000)
    circle = Circle(CITY, 25_000)

    bound = distance_bound(ALL, circle, wanted)

    nearest = list(nearest_by_hand(circle).values())
    assert nearest[wanted - 1] <= bound + 1e-4
    assert bound < nearest[-1]


def test_two_statements_a_page(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    scatter(CENTRES["west of the 180th meridian"], number_of=60)

    with django_assert_num_queries(2):
        page = first_page(Circle(CENTRES["west of the 180th meridian"], 10_000), size=10)

    assert len(page.rows) == 10


def test_back_again_shows_the_same_pages(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    scatter(CITY, number_of=100)
    circle = Circle(CITY, 10_000)
    forth = pages(circle, size=20)

    page = forth[-1]
    back = [ids(page)]
    while page.previous is not None:
        with django_assert_num_queries(1):
            page = bikes_near(circle=circle, filters=ALL, page=Page(NEAR_ORDER, 20, page.previous))
        back.append(ids(page))

    assert back == [ids(page) for page in forth[::-1]]
    assert page.next is not None
    assert ids(next_page(circle, page)) == ids(forth[1])


def test_bikes_that_come_near_between_pages_hide_no_others() -> None:
    scatter(CITY, number_of=60)
    circle = Circle(CITY, 10_000)
    expected = list(nearest_by_hand(circle))
    page = first_page(circle, size=10)

    scatter(CITY, number_of=80, seed=2, spread_m=1)
    rest: list[UUID] = []
    while page.next is not None:
        page = next_page(circle, page)
        rest += ids(page)

    assert rest == expected[10:]


def test_filters_hold_in_both_steps() -> None:
    scatter(CITY, number_of=80, status="maintenance")
    wanted = make_bike(latitude=59.99, longitude=30.31)

    found = pages(Circle(CITY, 10_000), size=5, filters=BikeFilters(status="available"))

    assert [ids(page) for page in found] == [[wanted.pk]]


def test_an_empty_circle_is_one_empty_page() -> None:
    make_bike(latitude=10.0, longitude=10.0)

    page = first_page(Circle(CITY, 10_000), size=5)

    assert (page.rows, page.next, page.previous) == ([], None, None)


def plans_of(circle: Circle) -> list[str]:
    """The plans of a page's statements, as PostgreSQL would run them."""
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(context["cursor"].mogrify(sql, params).decode())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        first_page(circle, size=50, filters=BikeFilters(status="available"))
    with connection.cursor() as cursor:
        plans = []
        for statement in statements:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF, SUMMARY OFF) " + statement)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    return plans


@pytest.mark.parametrize("centre", [CITY, CENTRES["west of the 180th meridian"]], ids=["city", "meridian"])
def test_both_steps_go_by_the_index(centre: Position) -> None:
    scatter(centre, number_of=4_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE fleet_bike")

    walk, page = plans_of(Circle(centre, 10_000))

    assert "Index Scan using bike_position" in walk
    assert "Order By" in walk
    assert "bike_position" in page
    assert "Seq Scan on fleet_bike " not in walk + page


def test_a_page_reads_the_stations_of_its_bikes_alone() -> None:
    stations = Station.objects.bulk_create(
        Station(name=f"Station {i}", latitude=0.0, longitude=0.0, capacity=1) for i in range(1_000)
    )
    scatter(CITY, number_of=1_000)
    bikes = list(Bike.objects.all())
    for bike, station in zip(bikes, stations, strict=True):
        bike.station = station
    Bike.objects.bulk_update(bikes, ["station"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE fleet_bike, fleet_station")
        # Makes the planner expect a million bikes.
        cursor.execute("UPDATE pg_class SET reltuples = 1000000 WHERE relname = 'fleet_bike'")

    _, page = plans_of(Circle(CITY, 10_000))

    assert "Seq Scan on fleet_station" not in page
