"""MDS 2.0: the answers of each endpoint, by hour, without personal data of riders."""

import gc
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from bikerental.feeds.api import mds
from bikerental.feeds.documents.mds.bikes import ALLOWED, UNSPECIFIED, EventRow, events_of
from bikerental.feeds.selectors import mds_bikes
from bikerental.fleet.constants import FIRST_EVENT_TYPES, TRANSITIONS
from bikerental.http import streams
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rentals_settle
from tests.factories import make_bike, make_rental, make_station
from tests.feeds.agency import AgencyClient, hour_text, let_happen, log, milliseconds, put_bike
from tests.feeds.mds_schemas import faults, needs_schemas, report_pattern
from tests.feeds.shapes import shape
from tests.live import ROOT

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def agency() -> AgencyClient:
    return AgencyClient()


@pytest.fixture
def hour() -> datetime:
    """An hour that is over, and its log complete."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) - 3 * HOUR


@pytest.fixture
def life(hour: datetime) -> dict[str, Any]:
    return let_happen(hour)


def paths(life: dict[str, Any], hour: datetime) -> dict[str, str]:
    """Each endpoint with parameters, by the path under which the contract has it."""
    bike, station, end = life["bikes"][0].pk, life["stations"][0].pk, timezone.now()
    recent = f"start_time={milliseconds(hour - timedelta(days=2))}&end_time={milliseconds(end)}"
    return {
        "/vehicles": "/vehicles",
        "/vehicles/{device_id}": f"/vehicles/{bike}",
        "/vehicles/status": "/vehicles/status",
        "/vehicles/status/{device_id}": f"/vehicles/status/{bike}",
        "/trips": f"/trips?end_time={hour_text(hour)}",
        "/telemetry": f"/telemetry?telemetry_time={hour_text(hour)}",
        "/events/historical": f"/events/historical?event_time={hour_text(hour)}",
        "/events/recent": f"/events/recent?{recent}",
        "/stops": "/stops",
        "/stops/{stop_id}": f"/stops/{station}",
    }


@needs_schemas
def test_every_answer_is_valid(agency: AgencyClient, life: dict[str, Any], hour: datetime) -> None:
    for path, asked in paths(life, hour).items():
        answer = agency.get(f"/mds{asked}")
        assert (answer.status_code, faults(path, answer.json())) == (200, []), path
        assert any(isinstance(value, list) and value for value in answer.json().values()), path


def test_nothing_names_a_rider_or_an_operator(agency: AgencyClient, life: dict[str, Any], hour: datetime) -> None:
    rider, operator = life["rider"], life["operator"]
    rentals_settle(rental_ids=list(life["rides"].values()), now=timezone.now())
    month = f"/reports/{hour - timedelta(days=40):%Y-%m}.csv"
    personal = [str(rider.pk), str(operator.pk), "Roe", "roe@", "@example", "saddle", "brought", "called", "a note"]

    for asked in [*paths(life, hour).values(), month]:
        text = agency.get(f"/mds{asked}").content.decode()
        assert [word for word in personal if word.lower() in text.lower()] == [], asked


@pytest.mark.parametrize("transition", [*TRANSITIONS, *FIRST_EVENT_TYPES.items()], ids=lambda given: str(given)[:80])
def test_each_transition_of_the_log_is_one_of_the_mode(transition: Any) -> None:
    event_types, state = (
        (transition.event_types, transition.state)
        if hasattr(transition, "event_types")
        else (transition[1], transition[0])
    )
    row = EventRow(1, "bike", 5, [each.value for each in event_types], state.value, 59.9, 30.3, None, "ride")

    events = events_of(row, mds.settings.MDS_PROVIDER_ID)

    pairs = [(event["vehicle_state"], event["event_types"]) for event in events]
    assert len(pairs) == len(event_types)
    for place, (vehicle_state, [event_type]) in enumerate(pairs):
        assert event_type == event_types[place]
        assert event_type in ALLOWED[vehicle_state]
    assert [event["timestamp"] for event in events] == list(range(5, 5 + len(events)))


@needs_schemas
def test_each_pair_that_we_know_is_in_the_modes_schema(agency: AgencyClient, hour: datetime) -> None:
    bike = put_bike(hour - HOUR)
    ride = make_rental(bike=bike, started_at=hour)
    for vehicle_state, event_types in ALLOWED.items():
        ours = {"non_operational": "maintenance", "on_trip": "rented", "removed": "retired"}
        for event_type in event_types:
            state = "maintenance" if event_type == "rebalance_pick_up" else ours.get(vehicle_state, vehicle_state)
            log(bike, hour, [event_type], state, rental_id=ride.pk)

    answer = agency.get(f"/mds/events/historical?event_time={hour_text(hour)}").json()

    assert faults("/events/historical", answer) == []
    assert {(event["vehicle_state"], *event["event_types"]) for event in answer["events"]} == {
        (state, event_type.value) for state, event_types in ALLOWED.items() for event_type in event_types
    }


@pytest.mark.parametrize(
    ("event_types", "state", "expected"),
    [
        (["trip_start"], "rented", ("on_trip", UNSPECIFIED)),  # added later, without a ride
        (["trip_end"], "available", ("available", UNSPECIFIED)),
        (["decommissioned"], "available", ("available", UNSPECIFIED)),
        (["reservation_start"], "maintenance", ("non_operational", UNSPECIFIED)),
        (["rebalance_pick_up"], "maintenance", ("removed", "rebalance_pick_up")),
        (["rebalance_pick_up"], "retired", ("removed", "rebalance_pick_up")),
    ],
)
def test_events_that_the_mode_does_not_allow_are_unspecified(
    event_types: list[str], state: str, expected: tuple[str, str]
) -> None:
    row = EventRow(1, "bike", 5, event_types, state, 59.9, 30.3, None, None)

    [event] = events_of(row, mds.settings.MDS_PROVIDER_ID)

    assert (event["vehicle_state"], *event["event_types"]) == expected
    assert "trip_ids" not in event


def test_the_events_of_an_hour(agency: AgencyClient, life: dict[str, Any], hour: datetime) -> None:
    events = agency.rows("events/historical", event_time=hour_text(hour))

    assert [(event["vehicle_state"], *event["event_types"]) for event in events] == [
        *[("on_trip", "trip_start"), ("available", "trip_end")] * 2,
        *[("on_trip", "trip_start"), ("available", "trip_cancel")],
        *[("on_trip", "trip_start"), ("available", "trip_end"), ("non_operational", "maintenance")],
        *[("on_trip", "trip_start"), ("available", "trip_end")],
        *[("reserved", "reservation_start"), ("on_trip", "trip_start"), ("available", "trip_end")],
        *[("reserved", "reservation_start"), ("available", "reservation_cancel")],
        *[("non_operational", "maintenance")] * 2,
        *[("available", "maintenance"), ("removed", "rebalance_pick_up"), ("removed", "decommissioned")],
        ("on_trip", "trip_start"),
    ]
    assert len({event["event_id"] for event in events}) == len(events)
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    assert events[0] == {
        "device_id": str(life["bikes"][0].pk),
        "provider_id": "1f8b8a5e-6f0e-4d5c-9a57-0b1ce2d3f405",
        "event_id": events[0]["event_id"],
        "vehicle_state": "on_trip",
        "event_types": ["trip_start"],
        "timestamp": milliseconds(hour + MINUTE),
        "location": {"lat": 59.93, "lng": 30.31},
        "trip_ids": [str(life["rides"]["moved"])],
    }


def test_the_trips_of_an_hour(agency: AgencyClient, life: dict[str, Any], hour: datetime) -> None:
    trips = agency.rows("trips", end_time=hour_text(hour))

    names = {str(ride_id): name for name, ride_id in life["rides"].items()}
    assert [names[trip["trip_id"]] for trip in trips] == [
        "moved",
        "street",
        "cancelled",
        "claimed",
        "ended",
        "reserved",
    ]
    assert trips[0] == {
        "provider_id": "1f8b8a5e-6f0e-4d5c-9a57-0b1ce2d3f405",
        "device_id": str(life["bikes"][0].pk),
        "trip_id": str(life["rides"]["moved"]),
        "start_time": milliseconds(hour + MINUTE),
        "end_time": milliseconds(hour + 5 * MINUTE),
        "start_location": {"lat": 59.93, "lng": 30.31},
        "end_location": {"lat": 59.95, "lng": 30.35},
        "duration": 240,
        "distance": 3148,
    }
    assert trips[1]["end_location"] == {"lat": 59.94, "lng": 30.33}
    assert trips[4]["end_time"] == milliseconds(hour + 25 * MINUTE)  # as the operator said


def test_each_ride_has_two_points(agency: AgencyClient, life: dict[str, Any], hour: datetime) -> None:
    points = agency.rows("telemetry", telemetry_time=hour_text(hour))

    of_ride: dict[str, list[Any]] = {}
    for point in points:
        [trip_id] = point["trip_ids"]
        of_ride.setdefault(trip_id, []).append((point["timestamp"], *point["location"].values()))
    rides = life["rides"]
    assert {len(of_ride[str(rides[name])]) for name in rides if name != "open"} == {2}
    assert of_ride[str(rides["moved"])] == [
        (milliseconds(hour + MINUTE), 59.93, 30.31),
        (milliseconds(hour + 5 * MINUTE), 59.95, 30.35),
    ]
    assert of_ride[str(rides["open"])] == [(milliseconds(hour + 50 * MINUTE), 59.95, 30.35)]
    assert points[0]["stop_id"] == str(life["stations"][0].pk)
    assert len({point["telemetry_id"] for point in points}) == len(points) == 13


def test_a_status_has_the_last_event_and_the_last_place(
    agency: AgencyClient, life: dict[str, Any], hour: datetime
) -> None:
    found = {row["device_id"]: row for row in agency.rows("vehicles/status")}
    bikes = [str(bike.pk) for bike in life["bikes"]]

    assert [found[bike]["last_event"]["vehicle_state"] for bike in bikes if bike in found] == [
        *("on_trip", "available", "available", "non_operational", "available", "available", "non_operational")
    ]
    events = {event["event_id"]: event for event in agency.rows("events/historical", event_time=hour_text(hour))}
    points = {point["telemetry_id"]: point for point in agency.rows("telemetry", telemetry_time=hour_text(hour))}
    for bike in (bikes[0], bikes[1], bikes[3]):
        assert events[found[bike]["last_event"]["event_id"]] == found[bike]["last_event"]
        assert points[found[bike]["last_telemetry"]["telemetry_id"]] == found[bike]["last_telemetry"]


@pytest.mark.parametrize(
    ("event_types", "state"), [(["decommissioned"], "retired"), (["rebalance_pick_up"], "maintenance")]
)
def test_a_removed_bike_is_shown_90_minutes_and_known_30_days(
    agency: AgencyClient, event_types: list[str], state: str
) -> None:
    now = timezone.now()
    ages = {89 * MINUTE: (1, 1), 91 * MINUTE: (0, 1), timedelta(days=29): (0, 1), timedelta(days=31): (0, 0)}
    for age, expected in ages.items():
        bike = put_bike(now - timedelta(days=50), status=state)
        log(bike, now - age, event_types, state)

        shown = [
            len([row for row in agency.rows(path) if row["device_id"] == str(bike.pk)])
            for path in ("vehicles/status", "vehicles")
        ]

        assert tuple(shown) == expected, age
        assert agency.get(f"/mds/vehicles/{bike.pk}").status_code == 200


def test_a_bike_without_a_log_has_no_status_yet(agency: AgencyClient) -> None:
    bike = make_bike()

    assert agency.rows("vehicles/status") == []
    assert agency.get(f"/mds/vehicles/status/{bike.pk}").json()["code"] == "vehicle_not_found"
    assert [row["device_id"] for row in agency.rows("vehicles")] == [str(bike.pk)]


def test_a_vehicle_has_the_number_on_its_frame(agency: AgencyClient) -> None:
    bike = make_bike(number="B-77")

    [vehicle] = agency.rows(f"vehicles/{bike.pk}")

    assert vehicle == {
        "device_id": str(bike.pk),
        "provider_id": "1f8b8a5e-6f0e-4d5c-9a57-0b1ce2d3f405",
        "vehicle_id": "B-77",
        "vehicle_type": "bicycle",
        "vehicle_attributes": {"model": "City"},
        "propulsion_types": ["human"],
    }


@pytest.mark.parametrize(
    ("path", "code"), [("vehicles", "vehicle"), ("vehicles/status", "vehicle"), ("stops", "station")]
)
def test_an_absent_bike_station_or_report_is_a_404(agency: AgencyClient, path: str, code: str) -> None:
    answer = agency.get(f"/mds/{path}/0198c3f2-0000-7000-8000-000000000000")

    assert (answer.status_code, answer.json()["code"]) == (404, f"{code}_not_found")


def test_a_stop_counts_its_bikes(agency: AgencyClient) -> None:
    station = make_station(capacity=5)
    for status in ("available", "available", "reserved", "maintenance", "rented", "retired"):
        make_bike(station=station, status=status)

    [stop] = agency.rows(f"stops/{station.pk}")

    counts = ("num_vehicles_available", "num_vehicles_disabled", "num_places_available")
    assert [stop[name]["bicycle"] for name in counts] == [2, 2, 1]
    assert stop["status"] == {"is_installed": True, "is_renting": True, "is_returning": True}


def test_a_stop_that_lends_none_and_takes_none(agency: AgencyClient) -> None:
    station = make_station(capacity=5, is_renting=False, is_returning=False)
    make_bike(station=station)

    [stop] = agency.rows("stops")

    counts = ("num_vehicles_available", "num_vehicles_disabled", "num_places_available")
    assert [stop[name]["bicycle"] for name in counts] == [0, 1, 0]


PARAMETERS = {"trips": "end_time", "events/historical": "event_time", "telemetry": "telemetry_time"}


@pytest.mark.parametrize("path", PARAMETERS)
@pytest.mark.parametrize(
    "given", ["", "2026-06-15", "2026-06-15T24", "2026-02-30T01", "2026-06-15T12:00", "1969-12-31T23", "٢٠٢٦-06-15T12"]
)
def test_an_invalid_hour_is_a_400(agency: AgencyClient, path: str, given: str) -> None:
    answer = agency.get(f"/mds/{path}", {PARAMETERS[path]: given})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, PARAMETERS[path])


@pytest.mark.parametrize("path", PARAMETERS)
def test_without_an_hour_it_is_a_400(agency: AgencyClient, path: str) -> None:
    answer = agency.get(f"/mds/{path}")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "required")


@pytest.mark.parametrize("path", ["trips", "events/historical"])
def test_the_answer_by_hour(
    agency: AgencyClient, path: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.BIKE_LOG_RETENTION_DAYS = 100
    now = datetime(2026, 6, 15, 12, 1, tzinfo=UTC)
    monkeypatch.setattr(mds.timezone, "now", lambda: now)
    put_bike(datetime(2026, 6, 14, 12, 30, tzinfo=UTC))

    def status(hour: str) -> int:
        answer = agency.get(f"/mds/{path}", {PARAMETERS[path]: hour})
        assert answer.content  # read to its end, as another one begins
        return int(answer.status_code)

    assert [status(f"2026-06-15T{hour:02}") for hour in (13, 12, 11, 10)] == [404, 404, 202, 200]
    assert [status(f"2026-06-14T{hour:02}") for hour in (13, 12, 11)] == [200, 200, 404]
    now = datetime(2026, 9, 22, 13, 1, tzinfo=UTC)
    assert [status(f"2026-06-14T{hour:02}") for hour in (14, 13)] == [200, 404]


def test_an_hour_that_may_still_change_is_a_202(agency: AgencyClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mds.timezone, "now", lambda: datetime(2026, 6, 15, 12, 1, tzinfo=UTC))
    put_bike(datetime(2026, 6, 14, 12, 30, tzinfo=UTC))

    answer = agency.get("/mds/trips?end_time=2026-06-15T11")

    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (202, {"version": "2.0.0"}, "120")


def test_an_hour_without_rides_is_empty(agency: AgencyClient, hour: datetime) -> None:
    put_bike(hour - HOUR)

    assert agency.get(f"/mds/trips?end_time={hour_text(hour)}").json() == {"version": "2.0.0", "trips": []}


def test_an_hour_before_everything_has_no_telemetry(agency: AgencyClient) -> None:
    assert agency.rows("telemetry", telemetry_time="2099-01-01T00") == []


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (None, 0, "start_time"),
        (-HOUR, None, "end_time"),
        (timedelta(days=-15), 0, "start_time"),
        (timedelta(days=-16), timedelta(days=-15), "start_time"),
        (-HOUR, -2 * HOUR, "end_time"),
        ("yesterday", 0, "start_time"),
        ("-1", 0, "start_time"),
        ("1" * 40, 0, "start_time"),
        (-HOUR, "1e9", "end_time"),
    ],
)
def test_recent_means_two_weeks(agency: AgencyClient, start: Any, end: Any, field: str) -> None:
    def text(given: Any) -> str:
        return given if isinstance(given, str) else str(milliseconds(timezone.now() + (given or timedelta())))

    query = {name: text(given) for name, given in (("start_time", start), ("end_time", end)) if given is not None}

    answer = agency.get("/mds/events/recent", query)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_recent_events_are_those_of_the_span_to_the_millisecond(agency: AgencyClient) -> None:
    now = timezone.now().replace(microsecond=500_000)
    bike = put_bike(now - timedelta(days=3))
    ride = make_rental(bike=bike, started_at=now - HOUR)
    log(bike, now - HOUR, ["trip_start"], "rented", rental_id=ride.pk)
    log(bike, now, ["trip_end", "maintenance"], "maintenance", rental_id=ride.pk)
    end = milliseconds(now)

    def types(start: int, until: int) -> list[str]:
        return [row["event_types"][0] for row in agency.rows("events/recent", start_time=start, end_time=until)]

    assert types(end - 1, end) == []
    assert types(end, end + 1) == ["trip_end"]
    assert types(end + 1, end + 2) == ["maintenance"]
    assert types(end - 3_600_000, end + 9) == ["trip_start", "trip_end", "maintenance"]


def test_the_second_event_of_a_row_may_be_in_the_next_hour(agency: AgencyClient, hour: datetime) -> None:
    bike = put_bike(hour - 2 * HOUR)
    last = hour - timedelta(milliseconds=1)
    log(bike, last, ["trip_end", "maintenance"], "maintenance", rental_id=make_rental(bike=bike).pk)

    before = agency.rows("events/historical", event_time=hour_text(last))
    after = agency.rows("events/historical", event_time=hour_text(hour))

    assert [event["event_types"] for event in before] == [["trip_end"]]
    assert [(event["event_types"], event["timestamp"]) for event in after] == [(["maintenance"], milliseconds(hour))]


def test_long_lists_go_on_at_the_link(agency: AgencyClient, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    for _ in range(5):
        put_bike(now - HOUR)
    monkeypatch.setattr(mds, "ROWS_MAX", 2)
    monkeypatch.setattr(mds_bikes, "PAGE", 2)
    for name in ("_BIKES_AFTER", "_EVENTS"):
        statement = getattr(mds_bikes, name)
        monkeypatch.setattr(mds_bikes, name, statement.replace("LIMIT 1000", "LIMIT 2"))
    span = f"start_time={milliseconds(now - 2 * HOUR)}&end_time={milliseconds(now)}"

    for path, name, key in (
        ("/mds/vehicles", "vehicles", "device_id"),
        ("/mds/vehicles/status", "vehicles_status", "device_id"),
        (f"/mds/events/recent?{span}", "events", "event_id"),
    ):
        url, found = path, list[str]()
        while url and len(found) < 6:
            answer = agency.get(url).json()
            assert len(answer[name]) <= 2
            found += [row[key] for row in answer[name]]
            url = answer["links"]["next"]
        assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize("path", ["vehicles", "events/recent?start_time={now}&end_time={now}"])
def test_a_forged_cursor_is_refused(agency: AgencyClient, path: str) -> None:
    asked = f"/mds/{path.format(now=milliseconds(timezone.now()))}"

    answer = agency.get(f"{asked}{'&' if '?' in asked else '?'}cursor=xyz")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


def test_an_agency_gets_so_many_long_answers_at_once(agency: AgencyClient) -> None:
    gc.collect()  # an answer that another test has not read gives its place back
    unread = [agency.get("/mds/stops") for _ in range(mds.STREAMS_PER_AGENCY)]

    refused = agency.get("/mds/stops")
    of_another = AgencyClient("Other").get("/mds/stops")
    for answer in [*unread, of_another]:
        assert answer.content

    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "throttled", "10")
    assert of_another.status_code == 200
    assert agency.get("/mds/stops").content
    assert streams.slots.are_free()


def test_the_example_of_the_docs_looks_like_the_answer(agency: AgencyClient, hour: datetime) -> None:
    text = (ROOT / "docs/feeds.md").read_text().partition("curl 'https://bikes.example/mds/trips?end_time=")[2]
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    station = make_station(latitude=59.9312, longitude=30.3609)
    make_rental(started_at=hour, ended_at=hour + 19 * MINUTE, start_station=station, end_station=station)

    answer = agency.get("/mds/trips", {"end_time": hour_text(hour)}).json()

    assert shape(answer) == shape(example)
    assert answer["trips"][0]["duration"] == example["trips"][0]["duration"]


def test_places_that_the_log_does_not_have(agency: AgencyClient, hour: datetime) -> None:
    """A station that the ride names, then the ride's other end. A ride without any place is left out."""
    station = make_station(latitude=59.95, longitude=30.35)
    ended_at = hour + 9 * MINUTE
    from_station = make_rental(started_at=hour, ended_at=ended_at, start_station=station)
    make_rental(started_at=hour, ended_at=ended_at)

    [trip] = agency.rows("trips", end_time=hour_text(hour))

    assert trip["trip_id"] == str(from_station.pk)
    assert trip["start_location"] == trip["end_location"] == {"lat": 59.95, "lng": 30.35}
    assert len(agency.rows("telemetry", telemetry_time=hour_text(hour))) == 2


def test_an_anonymous_ride_is_still_a_trip(agency: AgencyClient, life: dict[str, Any], hour: datetime) -> None:
    before = agency.rows("trips", end_time=hour_text(hour))
    rentals_settle(rental_ids=list(life["rides"].values()), now=timezone.now())
    Rental.objects.filter(status="settled").update(rider=None, start_station=None, end_station=None)

    assert agency.rows("trips", end_time=hour_text(hour)) == before


def test_a_page_of_an_hour_is_one_statement(
    agency: AgencyClient, life: dict[str, Any], hour: datetime, django_assert_num_queries: Any
) -> None:
    asked = paths(life, hour)
    agency.get("/mds/stops")  # notes the use
    statements = {
        "/trips": 3,
        "/events/historical": 3,
        "/telemetry": 3,
        "/events/recent": 2,
        "/vehicles": 2,
        "/stops": 2,
    }
    for path, count in statements.items():
        with django_assert_num_queries(count):  # the token; the beginning of operation; the page
            assert agency.get(f"/mds{asked[path]}").content


def month_before(now: datetime) -> datetime:
    return (now.replace(day=1) - timedelta(days=1)).replace(day=15, hour=12, minute=0, second=0, microsecond=0)


def report(agency: AgencyClient, month: datetime) -> list[str]:
    answer = agency.get(f"/mds/reports/{month:%Y-%m}.csv")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == "text/vnd.mds+csv;version=2.0"
    header, row, end = answer.content.decode().split("\n")
    assert (header.split(","), end) == (
        ["provider_id", "start_date", "duration", "special_group_type", "geography_id", "vehicle_type", "trip_count",
         "rider_count"],
        "",
    )  # fmt: skip
    return list(row.split(","))


def test_a_month_has_its_counts_and_fewer_than_ten_are_hidden(agency: AgencyClient) -> None:
    month, bike = month_before(timezone.now()), make_bike()
    rides = [
        make_rental(bike=bike, started_at=month + number * MINUTE, ended_at=month + (number + 1) * MINUTE)
        for number in range(9)
    ]
    assert report(agency, month)[1:] == [
        f"{month:%Y-%m}-01", "P1M", "all_riders", "null", "bicycle", "-1", "-1"
    ]  # fmt: skip
    make_rental(bike=bike, rider=rides[0].rider, started_at=month + 20 * MINUTE, ended_at=month + 21 * MINUTE)

    assert report(agency, month)[-2:] == ["10", "-1"]


def test_reports_count_starts_by_city_month(agency: AgencyClient, settings: Settings) -> None:
    settings.CITY_TIME_ZONE = "Asia/Tokyo"  # nine hours ahead of UTC
    month, bike = month_before(timezone.now()), make_bike()
    begins = month.replace(day=1, hour=0) - 9 * HOUR
    make_rental(bike=bike, started_at=begins - timedelta(days=40), ended_at=begins - timedelta(days=39))
    for number in range(10):
        make_rental(bike=bike, started_at=begins + number * MINUTE, ended_at=begins + 99 * MINUTE)
        make_rental(bike=bike, started_at=begins - (number + 1) * MINUTE, ended_at=begins + MINUTE)

    assert report(agency, month)[-2:] == ["10", "10"]


def test_a_cancelled_ride_was_no_trip_of_the_month(agency: AgencyClient) -> None:
    month, bike = month_before(timezone.now()), make_bike()
    for number in range(10):
        make_rental(bike=bike, started_at=month + number * MINUTE, ended_at=month + (number + 1) * MINUTE)
    taken_back = Rental.objects.latest("started_at")
    Rental.objects.filter(pk=taken_back.pk).update(
        status="settled", is_cancelled=True, cost_amount=0, cost_lines=[], settled_at=month
    )

    assert report(agency, month)[-2:] == ["-1", "-1"]


def test_there_are_reports_of_past_months_of_operation(
    agency: AgencyClient, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CITY_TIME_ZONE, settings.RIDE_RETENTION_DAYS = "UTC", 90
    now = datetime(2026, 6, 1, 0, 1, tzinfo=UTC)
    monkeypatch.setattr(mds.timezone, "now", lambda: now)
    put_bike(datetime(2026, 4, 14, tzinfo=UTC))

    def status(name: str) -> int:
        return int(agency.get(f"/mds/reports/{name}").status_code)

    assert [status(f"2026-0{month}.csv") for month in (3, 4, 5, 6)] == [404, 200, 404, 404]
    now += 2 * MINUTE
    assert [status(f"2026-0{month}.csv") for month in (4, 5, 6)] == [200, 200, 404]
    now += timedelta(days=31)
    assert status("2026-04.csv") == 404
    assert {status(name) for name in ("2026-13.csv", "2026-5.csv", "2026-05", "0000-01.csv", "9999-12.csv")} == {404}


@needs_schemas
def test_a_report_has_the_columns_of_the_schema(agency: AgencyClient) -> None:
    month = month_before(timezone.now())
    put_bike(month)

    assert report_pattern().match(agency.get(f"/mds/reports/{month:%Y-%m}.csv").content.decode())
