"""Where a ride may end, and what it costs to end it elsewhere."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response

from bikerental.core.geometry import Position, distance_m
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors import bounds
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_end_by_operator, rentals_settle
from bikerental.rentals.types import Place
from bikerental.zones.selectors import nearest, nearest_point, zones_cached
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_rental, make_station, make_tariff, make_user
from tests.zones.drawing import make_zone, polygon, square

# Real commits: a refusal inside a test's own transaction would end that.
pytestmark = pytest.mark.django_db(transaction=True)
CENTRE = polygon(square(30.2, 59.9, 30.4, 60.0))
PARK = polygon(square(30.3, 59.92, 30.32, 59.93))
INSIDE, OUTSIDE, IN_THE_PARK = (59.95, 30.25), (59.95, 30.41), (59.925, 30.31)


def give_back(client: RiderClient, rental: Rental, place: tuple[float, float] | None = None, **body: Any) -> Response:
    if place is not None:
        body |= {"latitude": place[0], "longitude": place[1]}
    answer: Response = client.post(f"/api/v1/rentals/{rental.pk}/return/", body)
    return answer


def refusal(answer: Response) -> tuple[int, str, str | None]:
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    return answer.status_code, problem["code"], problem.get("reason")


def goes_on(rental: Rental) -> bool:
    rental.refresh_from_db()
    bike = Bike.objects.get(pk=rental.bike_id)
    return (rental.status, rental.ended_at, bike.status) == ("active", None, "rented")


@pytest.fixture(autouse=True)
def _no_bounds_kept() -> None:
    bounds._kept = (0.0, [])


@pytest.fixture
def rental(rider_client: RiderClient) -> Rental:
    return make_rental(rider=rider_client.rider)


@pytest.fixture
def paid(rider_client: RiderClient) -> Rental:
    """A ride whose tariff lets it end anywhere for 300."""
    bike = make_bike(status="rented", tariff=make_tariff(out_of_area_fee=Decimal("300.00")))
    return make_rental(rider=rider_client.rider, bike=bike, out_of_area_fee=Decimal("300.00"))


def test_inside_the_service_area_a_ride_ends(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)

    answer = give_back(rider_client, rental, INSIDE)

    assert (answer.status_code, answer.json()["status"]) == (200, "returned")
    bike = Bike.objects.get(pk=rental.bike_id)
    assert (bike.latitude, bike.longitude, bike.status) == (*INSIDE, "available")


def test_outside_every_service_area_it_goes_on(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)

    answer = give_back(rider_client, rental, OUTSIDE)

    assert refusal(answer) == (409, "return_not_allowed", "outside_service_area")
    assert goes_on(rental)
    nearest = answer.json()["nearest"]
    assert nearest["station"] is None
    # The border is 559 m to the west, and a metre more is inside.
    assert (nearest["latitude"], nearest["longitude"]) == (59.95, pytest.approx(30.399982, abs=1e-6))
    assert nearest["distance_m"] == pytest.approx(557.8, abs=0.2)
    assert give_back(rider_client, rental, (nearest["latitude"], nearest["longitude"])).status_code == 200


def test_inside_a_no_return_zone_it_goes_on(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)
    make_zone(PARK, kind="no_return")

    answer = give_back(rider_client, rental, IN_THE_PARK)

    assert refusal(answer) == (409, "return_not_allowed", "no_return_zone")
    assert goes_on(rental)
    nearest = answer.json()["nearest"]
    assert nearest["distance_m"] == pytest.approx(557.0, abs=0.5)
    assert give_back(rider_client, rental, (nearest["latitude"], nearest["longitude"])).status_code == 200


def test_the_nearest_end_is_a_station_where_one_is_nearer(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)
    make_station(latitude=59.95, longitude=30.4101, is_returning=False)
    station = make_station(latitude=59.95, longitude=30.411)

    nearest = give_back(rider_client, rental, OUTSIDE).json()["nearest"]

    assert nearest == {
        "station": {"id": str(station.pk), "name": station.name},
        "latitude": 59.95,
        "longitude": 30.411,
        "distance_m": 55.7,
    }


def test_the_nearest_end_is_null_where_nothing_is_known(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)
    make_zone(polygon(square(30.0, 59.8, 30.6, 60.1)), kind="no_return")

    answer = give_back(rider_client, rental, OUTSIDE)

    assert refusal(answer) == (409, "return_not_allowed", "no_return_zone")
    assert answer.json()["nearest"] is None


def test_a_station_ignores_zones(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)
    make_zone(PARK, kind="no_return")
    station = make_station(latitude=IN_THE_PARK[0], longitude=IN_THE_PARK[1])

    assert give_back(rider_client, rental, station=str(station.pk)).status_code == 200


def test_without_a_place_a_ride_ends_where_it_began(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(polygon(square(10, 50, 11, 51)))

    assert give_back(rider_client, rental).status_code == 200


def test_a_zone_that_is_not_in_force_forbids_nothing(rider_client: RiderClient, rental: Rental) -> None:
    make_station()
    make_zone(PARK, kind="no_return", is_active=False)
    make_zone(PARK, kind="no_return", valid_until=NOON)
    make_zone(PARK, kind="no_return", valid_from=NOON + timedelta(days=36500))

    assert give_back(rider_client, rental, IN_THE_PARK).status_code == 200


def test_a_drawn_area_needs_no_stations_near(rider_client: RiderClient, rental: Rental) -> None:
    make_station()
    make_zone(polygon(square(37, 55, 38, 56)))

    assert give_back(rider_client, rental, (55.5, 37.5)).status_code == 200


def test_far_from_everything_the_area_decides(rider_client: RiderClient, rental: Rental) -> None:
    station = make_station()
    make_zone(CENTRE)

    answer = give_back(rider_client, rental, (0, 0))

    assert refusal(answer) == (409, "return_not_allowed", "outside_service_area")
    assert answer.json()["nearest"]["station"] == {"id": str(station.pk), "name": station.name}
    assert goes_on(rental)


def test_for_the_fee_a_ride_ends_outside(rider_client: RiderClient, paid: Rental) -> None:
    make_station()
    make_zone(CENTRE)
    assert refusal(give_back(rider_client, paid, OUTSIDE))[1] == "return_not_allowed"
    assert refusal(give_back(rider_client, paid, OUTSIDE, accept_fee=False))[1] == "return_not_allowed"
    assert goes_on(paid)

    answer = give_back(rider_client, paid, OUTSIDE, accept_fee=True)

    cost = answer.json()["cost"]
    assert cost["lines"][-1] == {"code": "out_of_area", "amount": "300.00"}
    assert Decimal(cost["amount"]) == sum(Decimal(line["amount"]) for line in cost["lines"])
    rentals_settle(rental_ids=[paid.pk], now=NOON)
    settled = rider_client.get(f"/api/v1/rentals/{paid.pk}/").json()["cost"]
    assert settled == cost | {"final": True}


def test_the_fee_also_ends_a_ride_in_a_no_return_zone(rider_client: RiderClient, paid: Rental) -> None:
    make_station()
    make_zone(CENTRE)
    make_zone(polygon(square(30.405, 59.94, 30.42, 59.96)), kind="no_return")

    lines = give_back(rider_client, paid, OUTSIDE, accept_fee=True).json()["cost"]["lines"]

    assert [line["code"] for line in lines].count("out_of_area") == 1


def test_where_the_ride_may_end_no_fee_is_asked(rider_client: RiderClient, paid: Rental) -> None:
    make_zone(CENTRE)

    lines = give_back(rider_client, paid, INSIDE, accept_fee=True).json()["cost"]["lines"]

    assert [line["code"] for line in lines] == ["unlock", "minutes"]


@pytest.mark.parametrize("at_station", [True, False])
def test_at_a_station_and_without_a_place_no_fee_is_asked(
    rider_client: RiderClient, paid: Rental, at_station: bool
) -> None:
    make_zone(polygon(square(10, 50, 11, 51)))
    body = {"station": str(make_station().pk)} if at_station else {}

    answer = give_back(rider_client, paid, accept_fee=True, **body)

    assert [line["code"] for line in answer.json()["cost"]["lines"]] == ["unlock", "minutes"]


def test_accepting_a_fee_that_is_not_in_the_tariff_does_nothing(rider_client: RiderClient, rental: Rental) -> None:
    make_zone(CENTRE)

    assert refusal(give_back(rider_client, rental, OUTSIDE, accept_fee=True))[1] == "return_not_allowed"
    assert goes_on(rental)


def test_the_fee_is_that_of_the_start_of_the_ride(rider_client: RiderClient) -> None:
    make_station()
    make_zone(CENTRE)
    bike = make_bike(tariff=make_tariff(out_of_area_fee=Decimal("300.00")))
    started = rider_client.post("/api/v1/rentals/", {"bike": str(bike.pk)}).json()
    assert started["tariff"]["out_of_area_fee"] == "300.00"
    bike.tariff.__class__.objects.update(out_of_area_fee=None)

    answer = give_back(rider_client, Rental.objects.get(), OUTSIDE, accept_fee=True)

    assert answer.json()["cost"]["lines"][-1] == {"code": "out_of_area", "amount": "300.00"}


def test_no_fee_lets_a_bike_be_left_where_none_can_be(rider_client: RiderClient, paid: Rental) -> None:
    make_station()
    make_zone(CENTRE)

    answer = give_back(rider_client, paid, (0, 0), accept_fee=True)

    assert [error["field"] for error in answer.json()["errors"]] == ["latitude", "longitude"]
    assert goes_on(paid)


@pytest.mark.parametrize("value", ["true", 1, "yes", []])
def test_accepting_a_fee_is_true_or_false(rider_client: RiderClient, rental: Rental, value: Any) -> None:
    answer = give_back(rider_client, rental, INSIDE, accept_fee=value)

    assert answer.json()["errors"][0]["field"] == "accept_fee"
    assert goes_on(rental)


def test_a_refusal_is_not_kept_under_the_key_and_an_end_is(rider_client: RiderClient, paid: Rental) -> None:
    make_station()
    make_zone(CENTRE)
    path, key = f"/api/v1/rentals/{paid.pk}/return/", {"HTTP_IDEMPOTENCY_KEY": "end-1"}
    body = {"latitude": OUTSIDE[0], "longitude": OUTSIDE[1]}
    assert rider_client.post(path, body, **key).status_code == 409

    first = rider_client.post(path, body | {"accept_fee": True}, **key)
    again = rider_client.post(path, body | {"accept_fee": True}, **key)

    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert again.content == first.content


def test_a_return_by_position_takes_one_statement_more(rider_client: RiderClient) -> None:
    make_zone(CENTRE)
    zones_cached(now=NOON)
    counts = []
    for place in (None, INSIDE):
        rental = make_rental(rider=rider_client.rider)
        with CaptureQueriesContext(connection) as captured:
            assert give_back(rider_client, rental, place).status_code == 200
        counts.append(len(captured))

    assert counts == [5, 6]


def test_an_operator_ends_a_ride_wherever_the_bike_is(rental: Rental) -> None:
    make_zone(CENTRE)
    make_zone(polygon(square(30.405, 59.94, 30.42, 59.96)), kind="no_return")

    rental_end_by_operator(
        rental_id=rental.pk, operator=make_user(), reason="Found", place=Place(None, *OUTSIDE), now=NOON
    )

    rental.refresh_from_db()
    assert (rental.status, rental.is_out_of_area) == ("returned", False)


def test_an_operator_ends_a_ride_at_a_closed_station(rental: Rental) -> None:
    station = make_station(is_returning=False)

    rental_end_by_operator(rental_id=rental.pk, operator=make_user(), reason="Found", place=Place(station.pk), now=NOON)

    rental.refresh_from_db()
    assert rental.end_station == station


def test_a_closed_station_names_the_nearest_open_one(rider_client: RiderClient, rental: Rental) -> None:
    make_station(latitude=59.95, longitude=30.3)
    closed = make_station(latitude=59.93, longitude=30.3, is_returning=False)
    near = make_station(latitude=59.931, longitude=30.3, name="Near")

    answer = give_back(rider_client, rental, station=str(closed.pk))

    assert refusal(answer) == (409, "station_closed", None)
    assert answer.json()["nearest"] == {
        "station": {"id": str(near.pk), "name": "Near"},
        "latitude": 59.931,
        "longitude": 30.3,
        "distance_m": 111.2,
    }
    assert goes_on(rental)


def test_where_every_station_is_closed_none_is_named(rider_client: RiderClient, rental: Rental) -> None:
    closed = make_station(is_returning=False)

    assert give_back(rider_client, rental, station=str(closed.pk)).json()["nearest"] is None


def test_without_a_place_a_bike_goes_back_to_no_closed_station(rider_client: RiderClient) -> None:
    station = make_station(is_returning=False)
    rental = make_rental(rider=rider_client.rider, start_station=station)

    assert refusal(give_back(rider_client, rental))[1] == "station_closed"
    assert goes_on(rental)
    Station.objects.update(is_returning=True)
    assert give_back(rider_client, rental).status_code == 200


@pytest.mark.parametrize("by", ["bike", "bike_number"])
def test_a_station_that_does_not_lend_lends_no_bike(rider_client: RiderClient, by: str) -> None:
    bike = make_bike(station=make_station(is_renting=False))

    answer = rider_client.post("/api/v1/rentals/", {by: str(bike.pk) if by == "bike" else bike.number})

    assert (answer.status_code, answer.json()["code"]) == (409, "bike_unavailable")
    bike.refresh_from_db()
    assert (bike.status, Rental.objects.count()) == ("available", 0)


@pytest.mark.parametrize(
    "query", [{}, {"status": "available"}, {"bbox": "30,59,31,60"}, {"lat": "59.93", "lon": "30.31"}]
)
def test_lists_leave_out_bikes_that_no_rider_can_take(rider_client: RiderClient, query: dict[str, str]) -> None:
    make_bike(station=make_station(is_renting=False), number="SHUT-1")
    make_bike(station=make_station(), number="OPEN-1")
    make_bike(number="STREET-1")

    def numbers(**more: str) -> list[str]:
        return sorted(bike["number"] for bike in rider_client.get("/api/v1/bikes/", query | more).json()["results"])

    assert numbers() == ["OPEN-1", "STREET-1"]
    assert numbers(status="any") == ["OPEN-1", "SHUT-1", "STREET-1"]


def test_a_station_says_what_can_be_taken_and_left(rider_client: RiderClient) -> None:
    station = make_station(capacity=5, is_renting=False)
    make_bike(station=station)

    def said() -> tuple[Any, ...]:
        shown = rider_client.get(f"/api/v1/stations/{station.pk}/").json()
        names = ("is_renting", "is_returning", "bikes_available", "docks_available")
        return tuple(shown[name] for name in names)

    assert said() == (False, True, 0, 4)
    Station.objects.update(is_renting=True, is_returning=False)
    assert said() == (True, False, 1, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"out_of_area_fee": Decimal(-1)},
        {"is_out_of_area": True},
        {"is_out_of_area": True, "out_of_area_fee": Decimal(5), "ended_at": None, "status": "active"},
    ],
)
def test_the_database_refuses_a_fee_of_no_sense(fields: dict[str, Any]) -> None:
    make_rental(ended_at=NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        Rental.objects.update(**fields)


def test_the_nearest_point_across_the_180th_meridian() -> None:
    make_zone(polygon(square(179.9, 10, -179.9, 10.1)), kind="no_return")
    zones = zones_cached(now=NOON)

    for place in (Position(10.05, 179.99), Position(10.05, -179.99), Position(10.05, 180.0)):
        found = nearest_point(zones, place, NOON)
        assert found is not None
        assert zones.decide(found, NOON).reason is None
        assert distance_m(place, found) < 5_600  # to the north or the south: the 180th meridian is no border


def test_the_nearest_point_avoids_the_zone_next_door() -> None:
    make_zone(CENTRE)
    make_zone(polygon(square(30.39, 59.9, 30.4, 60.0)), kind="no_return")
    zones, place = zones_cached(now=NOON), Position(*OUTSIDE)

    found = nearest_point(zones, place, NOON)

    assert found is not None
    assert zones.decide(found, NOON).reason is None
    assert found.longitude == pytest.approx(30.39, abs=1e-4)


def test_a_square_with_too_many_points_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    make_zone(CENTRE)
    zones, place = zones_cached(now=NOON), Position(*OUTSIDE)
    assert nearest_point(zones, place, NOON) is not None

    monkeypatch.setattr(nearest, "POINTS_MAX", 4)

    assert nearest_point(zones, place, NOON) is None
