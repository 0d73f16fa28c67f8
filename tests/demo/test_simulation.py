"""Simulated riders against the real server: they ride, and leave nothing behind."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from bikerental.core.geometry import Position
from bikerental.demo.simulation import api as simulation_api
from bikerental.demo.simulation.api import Api, RefusedError, Tally
from bikerental.demo.simulation.clock import Clock
from bikerental.demo.simulation.outings import outings
from bikerental.demo.simulation.streets import crossing_between, route, snapped
from bikerental.fleet.models import Bike
from bikerental.rentals.models import Rental, Reservation
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import rentals_settle
from compose.bare.processes import free_port
from tests.live import environment, process, web_server
from tests.support.serving import serving
from tests.support.waiting import eventually


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_riders_ride_and_leave_nothing_behind(tmp_path: Path) -> None:
    call_command("seed_demo", bikes=60, stations=9, users=10, rentals=20, verbosity=0)
    log = tmp_path / "simulation.log"
    ridden = Rental.objects.filter(rider__email__startswith="simulated-")
    with web_server(tmp_path / "web.log", processes=1) as url, simulation(url, log) as running:
        assert eventually(lambda: ridden.filter(status="returned").count() >= 3, seconds=90), log.read_text()
        assert eventually(lambda: ridden.filter(status="active").exists(), seconds=90), log.read_text()
        running.send_signal(signal.SIGINT)
        assert running.wait(90) == 0, log.read_text()

    lines = log.read_text()
    assert "Traceback" not in lines
    assert f"rides {ridden.count()}" in lines
    assert lines.endswith("No ride and no hold is left.\n")
    assert not Rental.objects.filter(status="active").exists()
    assert not Reservation.objects.filter(status="active", rider__email__startswith="simulated-").exists()
    assert not Bike.objects.filter(status="rented").exists()
    rentals_settle(rental_ids=list(ridden.filter(status="returned").values_list("pk", flat=True)), now=timezone.now())
    assert [found for found in reconcile(Window(now=timezone.now())) if found.rows] == []


@contextmanager
def simulation(url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    options = ("--url", url, "--riders", "12", "--speed", "600", "--seed", "7")
    with process(sys.executable, "manage.py", "simulate", *options, env=environment(), log=log) as running:
        yield running


def test_the_same_seed_makes_the_same_choices() -> None:
    def of(seed: int, rider: int) -> list[Any]:
        return list(islice(outings(seed=seed, rider=rider), 50))

    assert of(7, 1) == of(7, 1)
    assert of(7, 1) != of(7, 2)
    assert of(7, 1) != of(8, 1)


def test_a_way_follows_the_streets() -> None:
    start, end = Position(59.9312, 30.3056), Position(59.9507, 30.3391)
    street = snapped(start).latitude

    way = route(start, end)

    for one, other in pairwise(way.corners):
        assert one.latitude == other.latitude or one.longitude == other.longitude
    assert {corner.latitude for corner in way.corners} == {start.latitude, street, end.latitude}
    assert (way.at(0), way.at(1)) == (start, end)
    halfway = way.at(0.5)
    assert halfway.longitude in (start.longitude, end.longitude) or halfway.latitude == street


def test_a_crossing_lies_among_the_places() -> None:
    places = [Position(59.9, 30.2), Position(60.0, 30.4)]

    crossing = crossing_between(places, north=0.25, east=0.75)

    assert crossing == snapped(Position(59.925, 30.35))


class Server(HTTPServer):
    """Gives the answers of a list, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, str, dict[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.keys: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["Idempotency-Key"])
        status, code, headers = self.server.answers.pop(0)
        body = json.dumps({"code": code}).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(Clock, "back_off", lambda _, seconds: waited.append(seconds))
    return waited


def test_a_busy_service_is_asked_again_later_with_the_same_key(waits: list[float]) -> None:
    busy = [(429, "throttled", {"Retry-After": "3"}), (503, "unavailable", {}), (409, "request_in_progress", {})]
    tally = Tally()
    with serving(Server(*busy, (201, "", {}))) as server:
        api = Api(f"http://127.0.0.1:{server.server_port}", clock=Clock(speed=1), tally=tally)
        assert api.request("POST", "rentals/", body={"bike_number": "D-1"}).status == 201

    assert len(server.keys) == 4
    assert len(set(server.keys)) == 1
    assert waits[0] == 3
    assert all(wait <= simulation_api.BACK_OFF_MAX for wait in waits)
    assert tally.errors == {"throttled": 1, "unavailable": 1, "request_in_progress": 1}


def test_a_refusal_is_counted_by_its_code_and_not_repeated(waits: list[float]) -> None:
    tally = Tally()
    with serving(Server((409, "bike_unavailable", {}))) as server:
        api = Api(f"http://127.0.0.1:{server.server_port}", clock=Clock(speed=1), tally=tally)
        with pytest.raises(RefusedError, match="bike_unavailable"):
            api.request("POST", "rentals/", body={"bike_number": "D-1"})

    assert (tally.errors, waits) == ({"bike_unavailable": 1}, [])


def test_a_service_that_is_away_is_given_up(waits: list[float]) -> None:
    tally = Tally()
    api = Api(f"http://127.0.0.1:{free_port()}", clock=Clock(speed=1), tally=tally)

    with pytest.raises(simulation_api.UnansweredError):
        api.request("POST", "rentals/", body={})

    assert tally.errors == {"no answer": simulation_api.ATTEMPTS}
    assert len(waits) == simulation_api.ATTEMPTS - 1
    assert all(later > earlier for earlier, later in pairwise(waits[:-1]))
