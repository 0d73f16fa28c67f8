"""`docker compose up` without configuration."""

import os
from collections.abc import Iterator

import pytest

from compose.bare.processes import free_port
from tests.lengths import IS_LONG
from tests.ops.stacks.stack import STOP_SECONDS, Stack, direct, log_in, ride, settled

pytestmark = [pytest.mark.docker, pytest.mark.slow]

COLD_STARTS = int(os.environ.get("COLD_STARTS", "20" if IS_LONG else "1"))


@pytest.fixture(scope="module")
def quick(image: str) -> Iterator[Stack]:
    stack = Stack("docker-compose.yml", name="quick", IMAGE=image, PORT=str(free_port()), FLOWER_PORT=str(free_port()))
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def ride_through(stack: Stack) -> str:
    base = f"http://localhost:{stack.environment['PORT']}/api/v1"
    session = direct()
    log_in(session, base, email="rider-000001@demo.example", password="demo-ride-2026")
    return str(settled(session, ride(session, base))["status"])


def test_it_serves_a_ride(quick: Stack) -> None:
    assert ride_through(quick) == "settled"


def test_flower_answers_on_this_machine(quick: Stack) -> None:
    assert direct().get(f"http://127.0.0.1:{quick.environment['FLOWER_PORT']}/", timeout=15).status_code == 200


def test_it_stops_cleanly_and_starts_cold_repeatedly(quick: Stack) -> None:
    for _ in range(COLD_STARTS):
        quick.compose("stop", seconds=STOP_SECONDS)
        states = quick.states()
        assert {name: state for name, state in states.items() if state != ("exited", 0)} == {}
        assert len(states) == 7
        quick.down()
        quick.up()

    assert ride_through(quick) == "settled"
