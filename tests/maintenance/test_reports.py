"""Riders report defects. Two reports of danger take a bike out of service, but never during a ride."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.utils import timezone

from bikerental.fleet.models import Bike, BikeEvent
from bikerental.maintenance import tasks
from bikerental.maintenance.constants import GRAVE_KINDS, OPEN_REPORTS_MAX, ReportKind
from bikerental.maintenance.models import BikeReport, TakeOut
from bikerental.maintenance.services import bike_report_create, repaired_bikes_return
from bikerental.rentals.services import rental_end_by_operator, rental_return, rental_start
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_user
from tests.support.threads import race


def report(bike: Bike, kind: str = "brakes", rider: User | None = None) -> BikeReport:
    """A report by a rider of the bike."""
    rider_id = (rider or make_user()).pk
    return bike_report_create(
        bike_id=bike.pk, rider_id=rider_id, kind=kind, text="", counts=True, now=timezone.now()
    ).report


def status(bike: Bike) -> str:
    return Bike.objects.get(pk=bike.pk).status


def post(client: RiderClient, bike: Bike, **body: Any) -> Any:
    return client.post(f"/api/v1/bikes/{bike.pk}/reports/", body)


def test_a_report_is_kept_as_it_was_said(rider_client: RiderClient) -> None:
    bike = make_bike()

    answer = post(rider_client, bike, kind="tyre", text="Flat.")

    row = BikeReport.objects.get()
    assert answer.status_code == 201
    assert answer.json() | {"created_at": ""} == {
        "id": str(row.pk),
        "bike": str(bike.pk),
        "kind": "tyre",
        "text": "Flat.",
        "state": "open",
        "created_at": "",
    }
    assert (row.rider, row.bike, row.state) == (rider_client.rider, bike, "open")


def test_the_same_again_is_the_same_report(rider_client: RiderClient) -> None:
    bike = make_bike()
    first = post(rider_client, bike, kind="tyre", text="Flat.")

    again = post(rider_client, bike, kind="tyre", text="Still flat.")

    assert (again.status_code, again.json()) == (200, first.json())
    assert post(rider_client, bike, kind="lock").status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "kind"), ({"kind": "engine"}, "kind"), ({"kind": "tyre", "text": "x" * 1001}, "text"),
     ({"kind": "tyre", "text": "\0"}, "text"), ({"kind": "tyre", "text": 0}, "text")],
)  # fmt: skip
def test_a_malformed_report_is_a_400(rider_client: RiderClient, body: dict[str, Any], field: str) -> None:
    answer = post(rider_client, make_bike(), **body)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert not BikeReport.objects.exists()


def test_an_unknown_bike_is_a_404(rider_client: RiderClient) -> None:
    assert post(rider_client, Bike(pk=uuid4()), kind="tyre").json()["code"] == "bike_not_found"


@pytest.mark.django_db(transaction=True)
def test_a_rider_with_too_many_open_reports_has_to_wait(rider_client: RiderClient) -> None:
    bikes = [make_bike() for _ in range(OPEN_REPORTS_MAX + 1)]
    for bike in bikes[:-1]:
        assert post(rider_client, bike, kind="brakes").status_code == 201

    answer = post(rider_client, bikes[-1], kind="brakes")

    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert answer.headers["Retry-After"] == "3600"
    assert {status(bike) for bike in bikes} == {"available"}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", GRAVE_KINDS)
@pytest.mark.parametrize("before", ["available", "reserved"])
def test_two_riders_take_a_dangerous_bike_off_the_street(kind: str, before: str) -> None:
    bike, other = make_bike(status=before), make_bike()

    report(bike, kind)
    assert status(bike) == before
    report(bike, "wheel")

    assert (status(bike), status(other)) == ("maintenance", "available")


@pytest.mark.django_db
def test_many_reports_of_one_rider_count_as_one() -> None:
    bike, rider = make_bike(), make_user()

    for kind in GRAVE_KINDS:
        report(bike, kind, rider)

    assert status(bike) == "available"


@pytest.mark.django_db
def test_minor_reports_leave_a_bike_available() -> None:
    bike = make_bike()

    for kind in set(ReportKind.values) - set(GRAVE_KINDS):
        report(bike, kind)
        report(bike, kind)

    assert status(bike) == "available"


@pytest.mark.django_db
def test_a_ride_goes_on_and_the_bike_leaves_service_after_it() -> None:
    bike, rider = make_bike(), make_user()
    ride = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    report(bike)
    report(bike)

    tasks.take_out_reported_bikes()
    assert status(bike) == "rented"
    rental_return(rental_id=ride.id, rider_id=rider.pk, place=None, now=NOON)

    assert status(bike) == "maintenance"
    last = BikeEvent.objects.order_by("pk").last()
    assert last is not None
    assert (last.event_types, last.state, last.actor) == (["trip_end", "maintenance"], "maintenance", "rider")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "counts", "after"),
    [("brakes", True, "maintenance"), ("brakes", False, "available"), ("saddle", True, "available")],
)
def test_a_bike_reported_grave_by_its_rider_goes_to_maintenance(kind: str, counts: bool, after: str) -> None:
    bike, rider = make_bike(), make_user()
    ride = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    bike_report_create(bike_id=bike.pk, rider_id=rider.pk, kind=kind, text="", counts=counts, now=NOON)

    rental_return(rental_id=ride.id, rider_id=rider.pk, place=None, now=NOON)

    assert (status(bike), TakeOut.objects.count()) == (after, int(after == "maintenance"))


@pytest.mark.django_db
def test_returns_with_reports_keep_the_hours_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.maintenance.services.taking_out.TAKE_OUTS_MIN", 1)
    bikes = [make_bike(), make_bike()]
    for bike in bikes:
        ride = rental_start(rider_id=make_user().pk, bike_id=bike.pk, now=NOON)
        report(bike)
        rental_end_by_operator(rental_id=ride.id, operator=make_user(), reason="lost", now=NOON)

    assert [status(bike) for bike in bikes] == ["maintenance", "available"]


@pytest.mark.django_db
def test_a_bike_returned_to_service_counts_as_mended() -> None:
    bike = make_bike()
    grave, other = [report(bike), report(bike)], report(bike, "saddle")

    repaired_bikes_return(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)
    tasks.take_out_reported_bikes()

    assert status(bike) == "available"
    for each in grave:
        each.refresh_from_db()
        assert (each.state, each.closed_at) == ("resolved", NOON)
    other.refresh_from_db()
    assert other.state == "open"


@pytest.mark.django_db
def test_reports_of_a_ridden_bike_stay_open() -> None:
    bike = make_bike(status="rented")
    made = report(bike)

    repaired_bikes_return(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)

    made.refresh_from_db()
    assert made.state == "open"


@pytest.mark.django_db
def test_the_database_holds_one_open_report_of_a_kind_and_rider() -> None:
    made = report(make_bike())

    with pytest.raises(IntegrityError, match="bike_report_open_once"):
        BikeReport.objects.create(bike=made.bike, rider=made.rider, kind=made.kind)


@pytest.mark.django_db(transaction=True)
def test_two_grave_reports_at_once_take_the_bike_out() -> None:
    for _ in range(5):
        bike, riders = make_bike(), [make_user(), make_user()]

        race(*(partial(report, bike, "brakes", rider) for rider in riders))

        assert status(bike) == "maintenance"


@pytest.mark.django_db(transaction=True)
def test_sixty_reports_at_once_open_as_many_as_a_rider_may() -> None:
    rider, bikes = make_user(), [make_bike() for _ in range(60)]

    outcomes = race(*(partial(report, bike, "tyre", rider) for bike in bikes))

    assert outcomes == {"done": OPEN_REPORTS_MAX, "ThrottledError": 60 - OPEN_REPORTS_MAX}
    assert BikeReport.objects.count() == OPEN_REPORTS_MAX


def test_the_export_tells_what_was_reported(rider_client: RiderClient) -> None:
    bike = make_bike(number="B-7")
    post(rider_client, bike, kind="tyre", text="Flat.")

    [told] = rider_client.get("/api/v1/me/export/").json()["reports"]

    assert (told["bike_number"], told["kind"], told["text"], told["photo"]) == ("B-7", "tyre", "Flat.", None)
