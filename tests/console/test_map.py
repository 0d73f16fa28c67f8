"""The data of the map: the whole first answer, and later answers with only the changes."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from bikerental.console.constants import MAP_EVENTS_MAX
from bikerental.console.selectors.map import Mark, map_data
from bikerental.fleet.constants import Transitions
from bikerental.fleet.models import Bike, BikeEvent, BikeModel
from bikerental.fleet.services import bike_change_state
from bikerental.maintenance.models import BikeReport
from tests.console.conftest import browser_of
from tests.factories import make_bike, make_rental, make_returned_rental, make_station, make_user
from tests.zones.drawing import make_zone

pytestmark = pytest.mark.django_db
DATA = "/admin/console/map/data/"
BYTES_MAX = 300_000
LARGE = """
    SET LOCAL session_replication_role = replica;
    INSERT INTO fleet_station (id, created_at, name, latitude, longitude, capacity, is_renting, is_returning)
    SELECT gen_random_uuid(), now(), substr(md5(n::text) || ' улица ' || md5((-n)::text), 1, 60),
           59.8 + random() * 0.3, 30 + random() * 0.6, 20, true, true
      FROM generate_series(1, 1000) AS n;
    INSERT INTO fleet_bike (id, created_at, number, model_id, tariff_id, status, latitude, longitude)
    SELECT gen_random_uuid(), now() - n * interval '5 minutes', 'V' || lpad((n * 7919 %% 1000003)::text, 7, '0'),
           %(model)s, %(tariff)s, 'available', 59.8 + random() * 0.3, 30 + random() * 0.6
      FROM generate_series(1, 10000) AS n;
    INSERT INTO fleet_bikereport (id, created_at, bike_id, rider_id, kind, text, photo, state)
    SELECT gen_random_uuid(), now(), id, %(rider)s, 'lights', '', '', 'open' FROM fleet_bike WHERE random() < 0.2;
    SET LOCAL session_replication_role = origin
"""


def ask(client: Client, since: str = "") -> dict[str, Any]:
    answer = client.get(DATA, {"since": since})
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json()
    return data


def log_event(bike: Bike, *, ago: timedelta = timedelta()) -> BikeEvent:
    """A row of the log, as a move writes it."""
    return BikeEvent.objects.create(
        bike=bike, happened_at=timezone.now() - ago, event_types=["maintenance"], state=bike.status,
        latitude=bike.latitude, longitude=bike.longitude, actor="system",
    )  # fmt: skip


def old_event() -> None:
    log_event(make_bike(), ago=timedelta(hours=1))


def test_the_first_answer_has_everything(manager: Client) -> None:
    station = make_station(name="Quay", latitude=59.9, longitude=30.2, capacity=7)
    now = timezone.now()
    bikes = [
        make_bike(number="A-1", station=station, created_at=now - timedelta(days=9, hours=1)),
        make_bike(number="A-2", status="maintenance", latitude=59.912346, longitude=30.3),
    ]
    make_returned_rental(bike=bikes[1], started_at=now - timedelta(days=2, hours=1))
    BikeReport.objects.create(bike=bikes[1], rider=make_user(), kind="lights")
    zone = make_zone()

    data = ask(manager)

    assert data["bikes"] == {
        "number": ["A-1", "A-2"],
        "state": [1, 3],
        "latitude": [5_993_000, 5_991_235],
        "longitude": [3_031_000, 3_030_000],
        "model": [0, 1],
        "station": [0, None],
        "idle": [9, 2],
    }
    assert data["places"] == {
        "models": [[str(bike.model_id), "City"] for bike in bikes],
        "stations": [[str(station.pk), "Quay", 5_990_000, 3_020_000, 7, True, True]],
    }
    assert data["reports"] == {"A-2": 1}
    assert [(each["id"], each["kind"], each["is_active"]) for each in data["zones"]] == [
        (str(zone.pk), "service_area", True)
    ]
    assert (data["whole"], data["rides"]) == (True, 0)


def test_the_map_has_no_place_of_a_ridden_bike(manager: Client) -> None:
    rental = make_rental()

    data = ask(manager)

    assert (data["bikes"]["number"], data["rides"]) == ([], 1)
    log_event(rental.bike)
    data = ask(manager, data["mark"])
    assert str(rental.bike.latitude) not in str(data)


def test_later_answers_have_what_has_changed(manager: Client) -> None:
    log_event(make_bike(), ago=timedelta(hours=1))
    before = log_event(make_bike(), ago=timedelta(minutes=30)).bike
    changed, ridden = make_bike(), make_bike()
    mark = ask(manager)["mark"]
    Bike.objects.filter(pk=ridden.pk).update(status="rented")
    make_station()
    for bike in (changed, ridden):
        log_event(bike)

    data = ask(manager, mark)

    assert (data["whole"], data.keys() & {"places", "zones"}) == (False, {"places"})
    assert data["bikes"]["number"] == [each.number for each in (before, changed, ridden)]
    assert data["bikes"]["state"] == [1, 1, None]
    assert data["bikes"]["latitude"] == [5_993_000, 5_993_000, None]
    assert ask(manager, data["mark"]).keys() & {"places", "zones"} == set()


@pytest.mark.parametrize("change", ["number", "model", "removed", "name of the model"])
def test_a_change_that_no_log_has_is_sent(manager: Client, change: str) -> None:
    bike, other = make_bike(), make_bike()
    log_event(other, ago=timedelta(hours=1))
    mark = ask(manager)["mark"]
    if change == "number":
        Bike.objects.filter(pk=bike.pk).update(number="NEW-1")
    elif change == "model":
        Bike.objects.filter(pk=bike.pk).update(model=other.model)
    elif change == "removed":
        bike.delete()
    else:
        BikeModel.objects.filter(pk=bike.model_id).update(name="Renamed")

    data = ask(manager, mark)

    assert "places" in data if change == "name of the model" else data["whole"]
    assert ask(manager, data["mark"]).keys().isdisjoint({"places", "zones"})
    assert not ask(manager, data["mark"])["whole"]


def test_the_first_answer_of_a_large_city_stays_small() -> None:
    """10,000 bikes in the street, each with an odd place and number and every fifth with a report, and 1,000 stations
    with long names.
    """
    bike = make_bike(number="X-1")
    with connection.cursor() as cursor:
        cursor.execute(LARGE, {"model": bike.model_id, "tariff": bike.tariff_id, "rider": make_user().pk})

    data = map_data(since=Mark(), with_reports=True, with_zones=True, now=timezone.now())

    answer = json.loads(data.body)
    assert (len(answer["bikes"]["number"]), len(answer["places"]["stations"])) == (10_001, 1000)
    assert len(gzip.compress(data.body, compresslevel=6)) < BYTES_MAX


def test_a_new_zone_is_sent_once(manager: Client) -> None:
    old_event()
    mark = ask(manager)["mark"]
    zone = make_zone()

    data = ask(manager, mark)

    assert [each["id"] for each in data["zones"]] == [str(zone.pk)]
    assert "zones" not in ask(manager, data["mark"])


def test_an_event_that_was_committed_late_is_sent(manager: Client) -> None:
    bike = make_bike()
    log_event(make_bike())
    mark = ask(manager)["mark"]
    log_event(bike, ago=timedelta(seconds=20))  # its transaction ended after the next one's

    data = ask(manager, mark)

    assert (data["whole"], bike.number in data["bikes"]["number"]) == (False, True)


def test_without_changes_the_answer_is_a_304(manager: Client) -> None:
    log_event(make_bike())
    mark = ask(manager)["mark"]
    first = manager.get(DATA, {"since": mark})

    second = manager.get(DATA, {"since": mark}, headers={"If-None-Match": first["ETag"]})

    assert (second.status_code, second.content, second["ETag"]) == (304, b"", first["ETag"])


@pytest.mark.parametrize("mark", ["", "x", "-1-0-", "9" * 30 + "-0-", "999999999-0-", "٣-0-", "1"])
def test_an_invalid_mark_gets_a_whole_answer(manager: Client, mark: str) -> None:
    old_event()

    assert ask(manager, mark)["whole"]


def test_after_too_many_events_everything_is_sent(manager: Client) -> None:
    first = log_event(make_bike())
    before = ask(manager)["mark"]
    BikeEvent.objects.create(
        pk=first.pk + MAP_EVENTS_MAX + 1, bike_id=first.bike_id, happened_at=timezone.now(),
        event_types=["maintenance"], state="available", latitude=0, longitude=0, actor="system",
    )  # fmt: skip

    assert ask(manager, before)["whole"]


def test_without_the_right_to_reports_there_are_none() -> None:
    report = BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="lights", text="my lamp")
    viewer, pages = browser_of("viewer"), [f"map/bike/{report.bike_id}/", f"bikes/{report.bike_id}/"]

    assert ask(viewer)["reports"] is None
    assert [page for page in pages if "my lamp" in page_of(viewer, f"/admin/console/{page}")] == []
    assert "my lamp" in page_of(browser_of("technician"), f"/admin/console/{pages[1]}")


def test_the_number_of_statements_does_not_grow(django_assert_num_queries: Any) -> None:
    def read(since: Mark) -> None:
        map_data(since=since, with_reports=True, with_zones=True, now=timezone.now())

    for _ in range(3):
        make_returned_rental(bike=make_bike(station=make_station()))
        make_zone()
    mark = log_event(make_bike())

    with django_assert_num_queries(3):
        read(Mark())
    with django_assert_num_queries(3):
        read(Mark(mark.pk, 0))


def test_a_card_is_found_by_any_spelling_of_the_number(manager: Client) -> None:
    make_bike(number="HC-007")

    answer = manager.get("/admin/console/map/bike/", {"number": "hc 007"})

    assert (answer.status_code, "HC-007" in answer.content.decode()) == (200, True)


def test_the_card_of_a_ridden_bike_shows_no_place(manager: Client) -> None:
    rental = make_rental()

    card = manager.get(f"/admin/console/map/bike/{rental.bike_id}/").content.decode()

    assert f"/admin/console/ride/{rental.pk}/end/" in card
    assert "in the street</dd>" not in card


def test_the_card_offers_what_state_and_role_allow(manager: Client) -> None:
    bike = make_bike(status="maintenance")
    address = f"/admin/console/map/bike/{bike.pk}/"

    assert [part for part in ("out", "back", "move", "retire") if f"{address}{part}/" in page_of(manager, address)] == [
        "back", "move", "retire",
    ]  # fmt: skip
    assert f"{address}back/" not in page_of(browser_of("viewer"), address)


def page_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_the_last_event_of_the_log_is_on_the_card(manager: Client) -> None:
    bike = make_bike()
    bike_change_state(
        bike_id=bike.pk, transition=Transitions.SEND_TO_MAINTENANCE, operator_id=make_user().pk, now=timezone.now()
    )

    assert "<strong>maintenance</strong>" in page_of(manager, f"/admin/console/map/bike/{bike.pk}/")


def test_the_policy_adds_only_the_origin_of_the_base_map(manager: Client, settings: Settings) -> None:
    before = manager.get("/admin/console/map/")["Content-Security-Policy"]
    settings.MAP_TILES_URL = "https://tiles.example:8443/{z}/{x}/{y}.png"

    after = manager.get("/admin/console/map/")["Content-Security-Policy"]

    assert after == before.replace("img-src 'self'", "img-src 'self' https://tiles.example:8443")
    assert "img-src 'self' data:" in before


def test_no_script_is_in_the_page_itself(manager: Client) -> None:
    page = page_of(manager, "/admin/console/map/")

    assert " style=" not in page
    assert page.count("<script") == page.count("<script src=") + page.count('type="application/json"')
