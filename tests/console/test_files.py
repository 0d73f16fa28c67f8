"""Each list as a CSV file: complete, without formulas, and only for operators who may open the list."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bikerental.console.constants import LIST_LENGTH
from bikerental.fleet.models import Station
from bikerental.http.streams import slots
from bikerental.maintenance.models import BikeReport
from tests.console.actions import make_action
from tests.console.conftest import browser_of
from tests.factories import NOON, make_bike, make_claim, make_rental, make_settled_rental, make_station, make_user

pytestmark = pytest.mark.django_db
CONSOLE = "/admin/console/"


def rows(client: Client, page: str) -> list[list[str]]:
    answer: Any = client.get(f"{CONSOLE}{page}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_each_list_is_a_file(manager: Client) -> None:
    station = make_station(name="@Harbour", capacity=1)
    bike = make_bike(number="B-1", station=station, created_at=NOON)
    BikeReport.objects.create(bike=bike, rider=make_user(), kind="brakes", text="=HYPERLINK(1)")
    ride = make_settled_rental(rider=make_user(name="+Ann", email="ann@example.org"))
    claim = make_claim(ride, text="-1\n@x")
    active = make_rental(
        rider=make_user(name="Ben"), started_at=timezone.now(), bike=make_bike(number="B-2", status="rented")
    )
    make_action(operator_id=manager.operator.pk, reason="=1", concerns={"bike_id": bike.pk}, details={"name": "Ж"})

    found = {
        page: rows(manager, page)[1]
        for page in (
            "rides/now/?file=csv", "reports/?file=csv", "stations/full/?file=csv", "idle/?file=csv", "claims/?file=csv",
            "riders/?file=csv&q=ann", "log/?file=csv",
        )
    }  # fmt: skip

    assert found["rides/now/?file=csv"][:3] == [str(active.pk), "B-2", "Ben"]
    assert found["reports/?file=csv"][:4] == ["B-1", "brakes", "'=HYPERLINK(1)", "false"]
    assert found["stations/full/?file=csv"] == [str(station.pk), "'@Harbour", "1", "1", "1"]
    assert found["idle/?file=csv"][:3] == ["B-1", "'@Harbour", "2026-06-15T15:00:00+03:00"]
    assert found["claims/?file=csv"][:3] == [str(claim.pk), "open", claim.kind]
    assert found["claims/?file=csv"][4:8] == ["'-1\n@x", str(ride.pk), ride.bike.number, "'+Ann"]
    assert found["riders/?file=csv&q=ann"][1:3] == ["'+Ann", "ann@example.org"]
    assert found["log/?file=csv"][1:4] == ["Olga", "roles_set", str(bike.pk)]
    assert found["log/?file=csv"][-2:] == ["'=1", '{"name": "Ж"}']


@pytest.mark.parametrize(("more", "is_cut"), [(0, False), (5, True)])
def test_a_file_has_the_rows_that_the_page_leaves_out(manager: Client, more: int, is_cut: bool) -> None:
    names = [f"number {number:03}" for number in range(LIST_LENGTH + more)]
    Station.objects.bulk_create(Station(name=name, latitude=59.9, longitude=30.3, capacity=1) for name in names)

    page, file = manager.get(f"{CONSOLE}stations/empty/").content.decode(), rows(manager, "stations/empty/?file=csv")

    assert page.count("number ") == LIST_LENGTH
    assert ("(the first 200)" in page) is is_cut
    assert [line[1] for line in file[1:]] == names


@pytest.mark.parametrize("page", ["rides/now/", "riders/", "claims/", "log/", "messages/"])
def test_without_the_right_to_the_list_there_is_no_file(page: str) -> None:
    make_rental()

    assert browser_of("viewer").get(f"{CONSOLE}{page}?file=csv").status_code == 403


def test_an_operator_gets_one_file_at_a_time(manager: Client) -> None:
    slots.acquire(manager.operator.pk, limit=1)
    try:
        answer = manager.get(f"{CONSOLE}claims/?file=csv")
    finally:
        slots.release(manager.operator.pk)

    assert answer.status_code == 429
    assert "Too many attempts." in answer.content.decode()
