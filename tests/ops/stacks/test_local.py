"""`docker compose -f local.yml up`: a change of the source takes effect, and mail is caught."""

import os
from collections.abc import Iterator

import pytest
import requests

from compose.bare.processes import free_port
from tests.live import eventually
from tests.ops.stacks.engine import ROOT, build, run
from tests.ops.stacks.stack import Stack, direct, register, ride, settled

pytestmark = [pytest.mark.docker, pytest.mark.slow]

RELOAD_SECONDS = 300  # all start at once, and nothing is compiled beforehand


@pytest.fixture(scope="module")
def local(engine: None) -> Iterator[Stack]:
    image = build(f"bikerental-trial-developer:{os.getpid()}", "--target", "local")
    ports = {name: str(free_port()) for name in ("PORT", "FLOWER_PORT", "MAILDEV_PORT", "POSTGRES_PORT")}
    stack = Stack("local.yml", name="local", DEVELOPER_IMAGE=image, **ports)
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
        run("docker", "image", "rm", "--force", image)


@pytest.fixture
def address(local: Stack) -> str:
    return f"http://localhost:{local.environment['PORT']}"


def test_a_receipt_lands_in_maildev(local: Stack, address: str) -> None:
    rider = direct()
    register(rider, f"{address}/api/v1", "rider@local.example")
    settled(rider, ride(rider, f"{address}/api/v1"))
    inbox = f"http://localhost:{local.environment['MAILDEV_PORT']}/email"

    def receivers() -> str:
        return str([message["to"] for message in direct().get(inbox, timeout=15).json()])

    assert eventually(lambda: "rider@local.example" in receivers(), 90)


def test_the_debug_toolbar_is_on(address: str) -> None:
    assert 'id="djDebug"' in direct().get(f"{address}/admin/login/", timeout=15).text


def test_flower_answers(local: Stack) -> None:
    assert direct().get(f"http://localhost:{local.environment['FLOWER_PORT']}/", timeout=15).ok


def test_a_changed_source_is_taken_up_by_web_worker_and_beat(local: Stack, address: str) -> None:
    module = ROOT / "bikerental" / "core" / "__init__.py"
    # Printed at every start, at any log level.
    marks = {"web": "Watching for file changes", "worker": "-------------- worker@", "beat": " is starting."}

    def starts() -> dict[str, int]:
        return {name: local.compose("logs", "--no-log-prefix", name).stdout.count(mark) for name, mark in marks.items()}

    before = starts()
    os.utime(module)

    assert eventually(lambda: all(starts()[name] > before[name] for name in marks), RELOAD_SECONDS), (before, starts())
    assert eventually(lambda: answers(address), RELOAD_SECONDS)


def answers(address: str) -> bool:
    try:
        return direct().get(f"{address}/health/ready/", timeout=15).ok
    except requests.ConnectionError:
        return False
