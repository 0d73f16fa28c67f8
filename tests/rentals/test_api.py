"""The rental endpoints as a phone uses them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.fleet.models import Bike, Tariff
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import rentals_settle
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_rental, make_returned_rental, make_station, make_user

pytestmark = pytest.mark.django_db(transaction=True)
RENTALS = "/api/v1/rentals/"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_bike_is_rented_by_its_id(rider_client: RiderClient) -> None:
    bike = make_bike(station=make_station(name="Harbour"))

    answer = rider_client.post(RENTALS, {"bike": str(bike.pk)})

    rental = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{RENTALS}{rental['id']}/"
    assert rental["status"] == "active"
    assert rental["start_station"]["name"] == "Harbour"
    assert rental["cost"] == {
        "amount": "50.00",
        "currency": "RUB",
        "final": False,
        "lines": [
            {"code": "unlock", "amount": "50.00"},
            {"code": "minutes", "quantity": 0, "unit_price": "5.00", "amount": "0.00"},
        ],
    }
    bike.refresh_from_db()
    assert (bike.status, bike.station) == ("rented", None)


def test_a_bike_is_rented_by_its_number(rider_client: RiderClient) -> None:
    bike = make_bike(number="B-7")

    answer = rider_client.post(RENTALS, {"bike_number": "B-7"})

    assert answer.json()["bike"]["id"] == str(bike.pk)


@pytest.mark.parametrize("status", ["rented", "reserved", "maintenance"])
def test_a_bike_that_is_not_free_is_refused(rider_client: RiderClient, status: str) -> None:
    bike = make_bike(status=status)

    answer = rider_client.post(RENTALS, {"bike": str(bike.pk)})

    assert code_of(answer) == (409, "bike_unavailable")
    assert not Rental.objects.exists()


def test_an_unknown_bike_is_not_found(rider_client: RiderClient) -> None:
    answer = rider_client.post(RENTALS, {"bike_number": "none such"})

    assert code_of(answer) == (404, "bike_not_found")


def test_renting_the_own_bike_again_names_the_ride_in_progress(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)

    answer = rider_client.post(RENTALS, {"bike": str(rental.bike_id)})

    assert code_of(answer) == (409, "rental_in_progress")


def test_a_second_ride_at_the_same_time_is_refused(rider_client: RiderClient) -> None:
    make_rental(rider=rider_client.rider)
    bike = make_bike()

    answer = rider_client.post(RENTALS, {"bike": str(bike.pk)})

    assert code_of(answer) == (409, "rental_in_progress")
    bike.refresh_from_db()
    assert bike.status == "available"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"bike": "7"},
        {"bike": None},
        {"bike": ["x"]},
        {"bike_number": "A\x00B"},
        {"bike_number": "x" * 33},
        {"bike_number": {"a": 1}},
        {"bike": "0198c3f2-0000-7000-8000-000000000000", "bike_number": "B-7"},
    ],
)
def test_an_invalid_rent_is_a_400(rider_client: RiderClient, body: dict[str, Any]) -> None:
    answer = rider_client.post(RENTALS, body)

    assert code_of(answer) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] in {"bike", "bike_number"}


def test_keys_that_are_not_asked_for_change_nothing(rider_client: RiderClient) -> None:
    bike, other = make_bike(), make_user()

    rental = rider_client.post(
        RENTALS, {"bike": str(bike.pk), "rider": str(other.pk), "status": "settled", "unlock_fee": "0"}
    ).json()

    stored = Rental.objects.get(pk=rental["id"])
    assert (stored.rider, stored.status, str(stored.unlock_fee)) == (rider_client.rider, "active", "50.00")


def test_returned_without_a_place_a_bike_is_where_it_was(rider_client: RiderClient) -> None:
    station = make_station()
    bike = make_bike(station=station)
    rental = rider_client.post(RENTALS, {"bike": str(bike.pk)}).json()

    answer = rider_client.post(f"{RENTALS}{rental['id']}/return/")

    assert (answer.status_code, answer.json()["status"]) == (200, "returned")
    assert answer.json()["end_station"]["id"] == str(station.pk)
    bike.refresh_from_db()
    assert (bike.status, bike.station) == ("available", station)


def test_a_ride_started_by_a_fast_clock_ends_as_it_began(rider_client: RiderClient) -> None:
    started_at = timezone.now() + timedelta(seconds=5)
    rental = make_rental(rider=rider_client.rider, started_at=started_at)

    answer = rider_client.post(f"{RENTALS}{rental.pk}/return/")

    assert (answer.status_code, answer.json()["cost"]["amount"]) == (200, "50.00")
    rental.refresh_from_db()
    assert (rental.status, rental.ended_at) == ("returned", started_at)


def test_returned_at_a_station_the_bike_stands_there(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)
    station = make_station(latitude=59.9, longitude=30.2)

    answer = rider_client.post(f"{RENTALS}{rental.pk}/return/", {"station": str(station.pk)})

    assert answer.json()["end_station"] == {"id": str(station.pk), "name": station.name}
    bike = Bike.objects.get(pk=rental.bike_id)
    assert (bike.station, bike.latitude, bike.longitude) == (station, 59.9, 30.2)


def test_a_return_in_the_street_leaves_no_station(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider, start_station=make_station())

    answer = rider_client.post(f"{RENTALS}{rental.pk}/return/", {"latitude": 59.97, "longitude": 30.25})

    assert answer.json()["end_station"] is None
    bike = Bike.objects.get(pk=rental.bike_id)
    assert (bike.station, bike.latitude, bike.longitude) == (None, 59.97, 30.25)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"latitude": 1.0}, "longitude"),
        ({"longitude": 1.0}, "latitude"),
        ({"latitude": 90.1, "longitude": 0}, "latitude"),
        ({"latitude": "NaN", "longitude": 0}, "latitude"),
        ({"latitude": "59.9", "longitude": 0}, "latitude"),
        ({"latitude": 0, "longitude": True}, "longitude"),
        ({"latitude": "inf", "longitude": 0}, "latitude"),
        ({"station": "x"}, "station"),
        ({"station": "0198c3f2-0000-7000-8000-000000000000", "latitude": 1, "longitude": 1}, "station"),
    ],
)
def test_an_odd_place_is_a_400_and_the_ride_goes_on(
    rider_client: RiderClient, place: dict[str, Any], field: str
) -> None:
    rental = make_rental(rider=rider_client.rider)

    answer = rider_client.post(f"{RENTALS}{rental.pk}/return/", place)

    assert code_of(answer) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == field
    rental.refresh_from_db()
    assert rental.status == "active"


def test_an_unknown_station_is_not_found_and_the_ride_goes_on(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)

    answer = rider_client.post(f"{RENTALS}{rental.pk}/return/", {"station": "0198c3f2-0000-7000-8000-000000000000"})

    assert code_of(answer) == (404, "station_not_found")
    rental.refresh_from_db()
    assert rental.status == "active"


def test_a_ride_ends_once(rider_client: RiderClient) -> None:
    rental = make_rental(rider=rider_client.rider)
    first = rider_client.post(f"{RENTALS}{rental.pk}/return/").json()

    answer = rider_client.post(f"{RENTALS}{rental.pk}/return/")

    assert code_of(answer) == (409, "rental_not_active")
    rental.refresh_from_db()
    assert rental.ended_at is not None
    assert first["ended_at"] == rental.ended_at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("verb", ["get", "post"])
def test_another_riders_ride_is_not_found(rider_client: RiderClient, verb: str) -> None:
    rental = make_rental()
    path = f"{RENTALS}{rental.pk}/" + ("return/" if verb == "post" else "")

    answer = getattr(rider_client, verb)(path)

    assert code_of(answer) == (404, "not_found")
    rental.refresh_from_db()
    assert rental.status == "active"


def test_the_active_ride(rider_client: RiderClient) -> None:
    assert code_of(rider_client.get(f"{RENTALS}current/")) == (404, "no_active_rental")
    rental = make_rental(rider=rider_client.rider, started_at=timezone.now() - timedelta(minutes=18, seconds=30))

    answer = rider_client.get(f"{RENTALS}current/").json()

    assert (answer["id"], answer["cost"]["amount"], answer["cost"]["final"]) == (str(rental.pk), "145.00", False)


def test_the_cost_is_final_once_settled_and_stays_the_same(rider_client: RiderClient) -> None:
    rental = make_returned_rental(minutes=19, rider=rider_client.rider)
    before = rider_client.get(f"{RENTALS}{rental.pk}/").json()

    rentals_settle(rental_ids=[rental.pk], now=NOON + timedelta(days=2))

    after = rider_client.get(f"{RENTALS}{rental.pk}/").json()
    assert (before["status"], after["status"]) == ("returned", "settled")
    assert after["cost"] == before["cost"] | {"final": True}
    assert after["cost"]["amount"] == "145.00"


def test_a_tariff_that_changes_does_not_change_the_ride(rider_client: RiderClient) -> None:
    rental = make_returned_rental(rider=rider_client.rider)

    Tariff.objects.update(per_minute=99, name="Dear")

    answer = rider_client.get(f"{RENTALS}{rental.pk}/").json()
    assert (answer["cost"]["amount"], answer["tariff"]["name"]) == ("145.00", "Basic")


def test_history_comes_newest_first_and_is_the_riders_own(rider_client: RiderClient) -> None:
    rentals = [
        make_returned_rental(rider=rider_client.rider, started_at=NOON + timedelta(hours=hour)) for hour in range(5)
    ]
    make_returned_rental()

    first = rider_client.get(RENTALS, {"page_size": 3}).json()
    second = rider_client.get(first["next"]).json()

    found = [row["id"] for row in first["results"] + second["results"]]
    assert found == [str(rental.pk) for rental in reversed(rentals)]
    assert (first["previous"], second["next"]) == (None, None)
    assert rider_client.get(second["previous"]).json()["results"] == first["results"]


def test_history_is_filtered(rider_client: RiderClient) -> None:
    early = make_returned_rental(rider=rider_client.rider)
    late = make_rental(rider=rider_client.rider, started_at=NOON + timedelta(days=1))

    def found(**query: str) -> list[str]:
        return [row["id"] for row in rider_client.get(RENTALS, query).json()["results"]]

    assert found(status="returned") == [str(early.pk)]
    assert found(**{"from": "2026-06-16T00:00:00Z"}) == [str(late.pk)]
    assert found(to="2026-06-16T00:00:00Z") == [str(early.pk)]


@pytest.mark.parametrize(
    "query", [{"status": "blue"}, {"from": "yesterday"}, {"to": "\x00"}, {"page_size": "0"}, {"cursor": "x"}]
)
def test_a_filter_that_means_nothing_is_named(rider_client: RiderClient, query: dict[str, str]) -> None:
    answer = rider_client.get(RENTALS, query)

    assert code_of(answer) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == next(iter(query))


def statements(call: Any) -> int:
    """The number of SQL statements of a call, including BEGIN and COMMIT."""
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code < 300
    return len(captured)


def test_a_rent_takes_five_statements_beside_authentication(rider_client: RiderClient) -> None:
    bike = make_bike(station=make_station())

    assert statements(lambda: rider_client.post(RENTALS, {"bike": str(bike.pk)})) <= 1 + 5


def test_a_return_takes_four_statements_and_one_for_a_station(rider_client: RiderClient) -> None:
    first, station = make_rental(rider=rider_client.rider), make_station()
    assert statements(lambda: rider_client.post(f"{RENTALS}{first.pk}/return/")) <= 1 + 4
    second = make_rental(rider=rider_client.rider)

    call = lambda: rider_client.post(f"{RENTALS}{second.pk}/return/", {"station": str(station.pk)})  # noqa: E731

    assert statements(call) <= 1 + 5


@pytest.mark.parametrize("count", [1, 20])
def test_history_takes_one_statement_beside_authentication(rider_client: RiderClient, count: int) -> None:
    for _ in range(count):
        make_returned_rental(rider=rider_client.rider)

    assert statements(lambda: rider_client.get(RENTALS)) == 2


def test_a_ride_leaves_its_history(rider_client: RiderClient) -> None:
    rental = rider_client.post(RENTALS, {"bike": str(make_bike().pk)}).json()
    rider_client.post(f"{RENTALS}{rental['id']}/return/")

    rentals_settle(rental_ids=[Rental.objects.get().pk], now=timezone.now())

    kinds = RentalEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["started", "returned", "settled"]


def test_a_key_makes_a_retry_safe(rider_client: RiderClient) -> None:
    bike = make_bike()
    rent = {"path": RENTALS, "data": {"bike": str(bike.pk)}, "HTTP_IDEMPOTENCY_KEY": '"wish-1"'}
    first = rider_client.post(**rent)

    again = rider_client.post(**rent)

    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
    assert again["Location"] == first["Location"]
    assert Rental.objects.count() == 1


def test_a_key_with_another_body_is_refused(rider_client: RiderClient) -> None:
    rider_client.post(RENTALS, {"bike": str(make_bike().pk)}, HTTP_IDEMPOTENCY_KEY="wish-1")

    answer = rider_client.post(RENTALS, {"bike": str(make_bike().pk)}, HTTP_IDEMPOTENCY_KEY="wish-1")

    assert code_of(answer) == (422, "idempotency_key_reused")
    assert Rental.objects.count() == 1


def test_a_refusal_is_not_kept_under_the_key(rider_client: RiderClient) -> None:
    bike = make_bike(status="maintenance")
    refused = rider_client.post(RENTALS, {"bike": str(bike.pk)}, HTTP_IDEMPOTENCY_KEY="wish-1")
    Bike.objects.update(status="available")

    answer = rider_client.post(RENTALS, {"bike": str(bike.pk)}, HTTP_IDEMPOTENCY_KEY="wish-1")

    assert (refused.status_code, answer.status_code) == (409, 201)
