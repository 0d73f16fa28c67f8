"""A rider disputes a ride, through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bikerental.claims.api.rendering import claim_json
from bikerental.claims.api.serializers import ClaimOutput
from bikerental.claims.exceptions import ClaimTooLateError
from bikerental.claims.models import Claim
from bikerental.claims.selectors import claim_of_rider
from bikerental.claims.services import claim_open
from bikerental.claims.types import Complaint
from bikerental.fleet.models import BikeEvent
from bikerental.rentals.models import Rental
from tests.clients import RiderClient
from tests.factories import make_bike, make_claim, make_rental, make_settled_rental, make_station

pytestmark = pytest.mark.django_db(transaction=True)
CLAIMS = "/api/v1/claims/"


def claim(client: RiderClient, rental: Rental, **body: Any) -> Any:
    return client.post(f"/api/v1/rentals/{rental.pk}/claims/", {"kind": "wrong_charge"} | body)


def running(client: RiderClient, **fields: Any) -> Rental:
    return make_rental(rider=client.rider, started_at=timezone.now() - timedelta(minutes=10), **fields)


def ended(client: RiderClient, *, days: float = 0, **fields: Any) -> Rental:
    started_at = timezone.now() - timedelta(days=days, minutes=20)
    return make_settled_rental(rider=client.rider, started_at=started_at, **fields)


def test_a_claim_is_answered_as_it_was_made(rider_client: RiderClient) -> None:
    rental = ended(rider_client)

    answer = claim(rider_client, rental, kind="not_me", text="I was at home.")

    row = Claim.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{CLAIMS}{row.pk}/"
    assert answer.json() == {
        "id": str(row.pk),
        "rental": str(rental.pk),
        "kind": "not_me",
        "text": "I was at home.",
        "status": "open",
        "created_at": answer.json()["created_at"],
        "decided_at": None,
        "answer": "",
        "adjustment": None,
    }
    assert rider_client.get(answer["Location"]).json() == answer.json()


def test_answers_have_the_declared_shape(rider_client: RiderClient) -> None:
    row = make_claim(ended(rider_client))

    answer = claim_json(claim_of_rider(claim_id=row.pk, rider_id=rider_client.rider.pk))

    assert list(answer) == list(ClaimOutput().fields)


def test_a_rider_lists_the_own_claims_newest_first(rider_client: RiderClient) -> None:
    first, second = make_claim(ended(rider_client)), make_claim(ended(rider_client))
    make_claim()

    page = rider_client.get(CLAIMS, {"page_size": 1}).json()

    assert [row["id"] for row in page["results"]] == [str(second.pk)]
    following = rider_client.get(page["next"]).json()
    assert [row["id"] for row in following["results"]] == [str(first.pk)]
    assert following["next"] is None


def test_another_riders_claim_is_not_found(rider_client: RiderClient) -> None:
    answer = rider_client.get(f"{CLAIMS}{make_claim().pk}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "claim_not_found")


def test_another_riders_ride_is_not_found(rider_client: RiderClient) -> None:
    answer = claim(rider_client, make_settled_rental())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Claim.objects.exists()


def test_a_ride_has_one_open_claim(rider_client: RiderClient) -> None:
    rental = ended(rider_client)
    claim(rider_client, rental)

    answer = claim(rider_client, rental, kind="not_me")

    assert (answer.status_code, answer.json()["code"]) == (409, "claim_in_progress")
    assert Claim.objects.get().kind == "wrong_charge"


def test_a_repetition_with_a_key_is_answered_as_before(rider_client: RiderClient) -> None:
    rental = ended(rider_client)
    path, body = f"/api/v1/rentals/{rental.pk}/claims/", {"kind": "other"}

    answers = [rider_client.post(path, body, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert Claim.objects.count() == 1


@pytest.mark.parametrize(("days", "status"), [(29.9, 201), (30.1, 409)])
def test_a_ride_can_be_disputed_for_thirty_days(rider_client: RiderClient, days: float, status: int) -> None:
    answer = claim(rider_client, ended(rider_client, days=days))

    assert answer.status_code == status
    assert Claim.objects.exists() == (status == 201)
    if status == 409:
        assert answer.json()["code"] == "claim_too_late"


def test_the_last_moment_of_the_thirty_days_is_in_time() -> None:
    rental: Any = make_settled_rental()
    about = {"rental_id": rental.pk, "rider_id": rental.rider_id, "complaint": Complaint("other", "")}

    with pytest.raises(ClaimTooLateError):
        claim_open(**about, now=rental.ended_at + timedelta(days=30, microseconds=1))

    claim_open(**about, now=rental.ended_at + timedelta(days=30))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "odd"}, "kind"),
        ({"kind": None}, "kind"),
        ({"text": "x" * 2001}, "text"),
        ({"text": 7}, "text"),
        ({"text": "A\x00B"}, "text"),
        ({"ended_at": "yesterday"}, "ended_at"),
        ({"latitude": 59.9}, "longitude"),
        ({"latitude": 91, "longitude": 30}, "latitude"),
        ({"station": "7"}, "station"),
    ],
)
def test_an_invalid_claim_is_a_400(rider_client: RiderClient, body: dict[str, Any], field: str) -> None:
    answer = claim(rider_client, ended(rider_client), **body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == field
    assert not Claim.objects.exists()


@pytest.mark.parametrize("minutes", [-30, 1])
def test_a_bike_is_returned_between_the_start_and_now(rider_client: RiderClient, minutes: int) -> None:
    rental = running(rider_client)
    ended_at = timezone.now() + timedelta(minutes=minutes)

    answer = claim(rider_client, rental, kind="returned_earlier", ended_at=ended_at.isoformat())

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "ended_at")
    rental.refresh_from_db()
    assert rental.status == "active"


def test_a_station_that_is_not_there_is_not_found(rider_client: RiderClient) -> None:
    body = {"station": "0198c3f2-0000-7000-8000-000000000000"}

    answer = claim(rider_client, ended(rider_client), **body)

    assert (answer.status_code, answer.json()["code"]) == (404, "station_not_found")
    assert not Claim.objects.exists()


def test_a_ride_that_was_returned_earlier_ends_now(rider_client: RiderClient) -> None:
    station = make_station()
    rental = running(rider_client)
    returned_at = timezone.now() - timedelta(minutes=5)
    before = timezone.now()

    answer = claim(
        rider_client, rental, kind="returned_earlier", station=str(station.pk), ended_at=returned_at.isoformat()
    )

    assert answer.status_code == 201
    rental.refresh_from_db()
    assert rental.status == "returned"
    assert rental.ended_at is not None
    assert rental.ended_at >= before
    assert rental.end_station == station
    rental.bike.refresh_from_db()
    assert (rental.bike.status, rental.bike.station) == ("maintenance", station)
    event = BikeEvent.objects.latest("pk")
    assert (event.event_types, event.state, event.actor, event.rental_id) == (
        ["trip_end", "maintenance"],
        "maintenance",
        "rider",
        rental.pk,
    )
    row = Claim.objects.get()
    assert (row.ended_at, row.station) == (returned_at, station)


def test_the_bike_goes_to_maintenance_at_the_claimed_point(rider_client: RiderClient) -> None:
    make_station()
    rental = running(rider_client)

    claim(rider_client, rental, kind="returned_earlier", latitude=59.931, longitude=30.311)

    rental.bike.refresh_from_db()
    assert (rental.bike.status, rental.bike.latitude, rental.bike.longitude) == ("maintenance", 59.931, 30.311)


def test_without_a_place_the_bike_is_where_it_was_taken(rider_client: RiderClient) -> None:
    station = make_station()
    rental = running(rider_client, start_station=station)

    claim(rider_client, rental, kind="returned_earlier")

    rental.bike.refresh_from_db()
    assert (rental.bike.status, rental.bike.station) == ("maintenance", station)


def test_a_place_where_no_bike_can_be_changes_nothing(rider_client: RiderClient) -> None:
    make_station()
    rental = running(rider_client)

    answer = claim(rider_client, rental, kind="returned_earlier", latitude=0, longitude=0)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "latitude")
    rental.refresh_from_db()
    assert rental.status == "active"
    assert not Claim.objects.exists()


def test_a_ride_that_has_ended_keeps_its_end(rider_client: RiderClient) -> None:
    rental = ended(rider_client)

    answer = claim(rider_client, rental, kind="returned_earlier")

    assert answer.status_code == 201
    rental.bike.refresh_from_db()
    ended_at = rental.ended_at
    rental.refresh_from_db()
    assert (rental.status, rental.ended_at, rental.bike.status) == ("settled", ended_at, "available")


@pytest.mark.parametrize("kind", ["not_unlocked", "wrong_charge", "not_me", "other"])
def test_a_claim_of_another_kind_ends_no_ride(rider_client: RiderClient, kind: str) -> None:
    rental = running(rider_client, bike=make_bike(status="rented"))

    assert claim(rider_client, rental, kind=kind).status_code == 201

    rental.refresh_from_db()
    assert (rental.status, Claim.objects.get().kind) == ("active", kind)
