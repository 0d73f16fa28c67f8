"""MDS over HTTP, from a running server."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from bikerental.feeds.selectors.mds_bikes import PAGE
from bikerental.fleet.models import Bike
from bikerental.rentals.models import Rental
from tests.factories import make_rental
from tests.feeds.agency import ACCEPT, AgencyClient, hour_text, let_happen, milliseconds, put_bike
from tests.feeds.mds_schemas import faults, needs_schemas
from tests.live import web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BUSY = 10_000
HOUR = timedelta(hours=1)
# Rides like the first one, a ride each 0.3 s, with their rows in the log.
MORE_RIDES = """
    WITH ride AS (
        INSERT INTO rentals_rental
        SELECT (jsonb_populate_record(first, jsonb_build_object(
            'id', gen_random_uuid(),
            'started_at', first.started_at + number * interval '0.3 s',
            'ended_at', first.ended_at + number * interval '0.3 s'
        ))).*
          FROM rentals_rental AS first, generate_series(%(first)s, %(last)s) AS number
         WHERE first.id = %(ride_id)s
        RETURNING id, bike_id, started_at, ended_at
    )
    INSERT INTO fleet_bikeevent (
        bike_id, happened_at, event_types, state, latitude, longitude, rental_id, actor, note
    )
    SELECT bike_id, moment.at, ARRAY[moment.event], moment.state, 59.93, 30.31 + moment.east, id, 'rider', ''
      FROM ride, LATERAL (VALUES
          (started_at, 'trip_start', 'rented', 0.0), (ended_at, 'trip_end', 'available', 0.01)
      ) AS moment (at, event, state, east)
     ORDER BY started_at, moment.at
"""


def read(address: str, agency: AgencyClient, asked: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {agency.new.token}", "Accept": ACCEPT}
    return requests.get(f"{address}/mds{asked}", headers=headers, timeout=30)


def request_head(hour: datetime) -> dict[str, str]:
    """Each endpoint with parameters, by the path under which the contract has it."""
    bike, now = Bike.objects.order_by("number")[0], timezone.now()
    recent = urlencode({"start_time": milliseconds(now - timedelta(days=13)), "end_time": milliseconds(now)})
    return {
        "/vehicles": "/vehicles",
        "/vehicles/{device_id}": f"/vehicles/{bike.pk}",
        "/vehicles/status": "/vehicles/status",
        "/vehicles/status/{device_id}": f"/vehicles/status/{bike.pk}",
        "/trips": f"/trips?end_time={hour_text(hour)}",
        "/telemetry": f"/telemetry?telemetry_time={hour_text(hour)}",
        "/events/historical": f"/events/historical?event_time={hour_text(hour)}",
        "/events/recent": f"/events/recent?{recent}",
        "/stops": "/stops",
        "/stops/{stop_id}": f"/stops/{bike.station_id}",
    }


def documents(address: str, agency: AgencyClient, hour: datetime) -> dict[str, Any]:
    """Each answer, which is valid."""
    found = {}
    for path, asked in request_head(hour).items():
        answer = read(address, agency, asked)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, ACCEPT), path
        found[path] = answer.json()
        assert faults(path, found[path]) == [], path
    return found


@needs_schemas
def test_the_demo_city_and_what_happens_in_it(tmp_path: Path) -> None:
    # Long ago, so that the hour and the month of the last ride are over.
    call_command("seed_demo", "--until=2025-12-30T12:00:00Z", bikes=60, stations=9, users=20, rentals=200, verbosity=0)
    agency, ridden = AgencyClient(), Rental.objects.latest("ended_at").ended_at
    assert ridden is not None
    with web_server(tmp_path / "web.log", processes=1) as address:
        demo = documents(address, agency, ridden)
        hour = timezone.now().replace(minute=0, second=0, microsecond=0) - 2 * HOUR
        life = let_happen(hour)
        lived = documents(address, agency, hour)
        report = read(address, agency, f"/reports/{ridden:%Y-%m}.csv")

    assert len(demo["/vehicles"]["vehicles"]) == len(demo["/vehicles/status"]["vehicles_status"]) == 60
    assert len(demo["/stops"]["stops"]) == 9
    of_hour = Rental.objects.filter(ended_at__gte=ridden.replace(minute=0, second=0), ended_at__lte=ridden)
    assert 0 < len(demo["/trips"]["trips"]) <= of_hour.count()
    assert len(lived["/trips"]["trips"]) == len(life["rides"]) - 1  # one goes on
    ridden_in_demo = Rental.objects.filter(started_at__lt=hour, is_cancelled=False)
    assert report.status_code == 200
    assert report.text.splitlines()[1].endswith(f"{ridden_in_demo.count()},20")


def test_an_hour_of_10000_trips_answers_in_two_seconds(tmp_path: Path) -> None:
    hour, agency = fill_an_hour()
    with web_server(tmp_path / "web.log", processes=1) as address:
        read(address, agency, f"/trips?end_time={hour_text(hour - HOUR)}")  # the first request loads the routes
        took = {}
        for asked, name in (
            (f"/trips?end_time={hour_text(hour)}", "trips"),
            (f"/events/historical?event_time={hour_text(hour)}", "events"),
            (f"/telemetry?telemetry_time={hour_text(hour)}", "telemetry"),
        ):
            begun = time.perf_counter()
            answer = read(address, agency, asked)
            seconds = time.perf_counter() - begun
            rows = answer.json()[name]
            assert len(rows) == (BUSY if name == "trips" else 2 * BUSY)
            assert all(row["start_location"] != row["end_location"] for row in rows if name == "trips")
            took[name] = seconds
        assert took["trips"] < 2.0, took


def test_no_more_than_a_page_is_in_memory(django_assert_num_queries: Any) -> None:
    hour, agency = fill_an_hour()

    # The token, its use, when the operation began, the pages, and one that is empty.
    with django_assert_num_queries(3 + BUSY // PAGE + 1):
        answer = agency.get(f"/mds/trips?end_time={hour_text(hour)}")
        pieces = list(answer.streaming_content)

    assert [piece.count(b'"trip_id"') for piece in pieces] == [*[PAGE] * (BUSY // PAGE), 0]


def fill_an_hour() -> tuple[datetime, AgencyClient]:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 3 * HOUR
    first = make_rental(
        bike=put_bike(hour - HOUR), started_at=hour + timedelta(seconds=1), ended_at=hour + timedelta(seconds=31)
    )
    with connection.cursor() as cursor:
        for number in range(0, BUSY, PAGE):  # each statement ends before its timeout, also on a busy machine
            cursor.execute(MORE_RIDES, {"first": number, "last": number + PAGE - 1, "ride_id": first.pk})
    first.delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE rentals_rental, fleet_bikeevent")
    return hour, AgencyClient()
