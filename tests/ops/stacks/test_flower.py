"""Flower under /flower/: its pages, its password, and its restart."""

from typing import Any

import pytest
import requests

from tests.lengths import IS_LONG
from tests.ops.stacks.stack import Stack, register, ride, settled
from tests.support.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

TASKS = {"draw": "1", "start": "0", "length": "100", "search[value]": "", "order[0][column]": "0"} | {
    "order[0][dir]": "asc",
    "columns[0][data]": "name",
}


@pytest.fixture
def root(base: str) -> str:
    return base.removesuffix("api/v1") + "flower/"


def tasks(flower: requests.Session, root: str) -> list[dict[str, Any]]:
    answer = flower.get(root + "tasks/datatable", params=TASKS, timeout=15)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def workers_online(flower: requests.Session, root: str) -> list[str]:
    answer = flower.get(root + "workers", params={"json": "1"}, timeout=15)
    assert answer.status_code == 200, answer.text
    return [row["hostname"] for row in answer.json()["data"] if row["status"]]


@pytest.mark.parametrize("path", ["", "workers", "tasks", "broker", "api/workers", "healthcheck"])
def test_nothing_is_shown_without_the_password(browser: requests.Session, root: str, path: str) -> None:
    assert browser.get(root + path, timeout=15).status_code == 401
    assert browser.get(root + path, auth=("flower", "guessed"), timeout=15).status_code == 401


def test_it_is_found_without_its_slash(browser: requests.Session, root: str) -> None:
    answer = browser.get(root.removesuffix("/"), timeout=15, allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/flower/")


def test_it_shows_workers_and_tasks_after_a_restart_of_redis(
    production: Stack, flower: requests.Session, root: str, base: str, authority: str
) -> None:
    rider = requests.Session()
    rider.trust_env, rider.verify = False, authority
    register(rider, base, "rider-of-flower@trial.example")

    def rides_seen() -> int:
        return len([task for task in tasks(flower, root) if task["name"] == "bikerental.rentals.tasks.settle_rentals"])

    rental = ride(rider, base)
    settled(rider, rental)
    assert eventually(lambda: len(workers_online(flower, root)) == 1, 60)
    assert eventually(lambda: rides_seen() >= 1, 60)
    seen = tasks(flower, root)
    assert any(rental.rstrip("/").rpartition("/")[2] in task["kwargs"] for task in seen)
    assert [task["name"] for task in seen if "sweep" in task["name"] or "heartbeat" in task["name"]] == []

    production.compose("restart", "redis", seconds=90)
    production.up()
    before = rides_seen()
    settled(rider, ride(rider, base))

    assert eventually(lambda: rides_seen() > before, 120)
    assert eventually(lambda: len(workers_online(flower, root)) == 1, 60)


@pytest.mark.skipif(not IS_LONG, reason="starts two more workers; LONG=1 does")
def test_workers_are_added_and_removed(production: Stack, flower: requests.Session, root: str) -> None:
    up = ("up", "--detach", "--no-build", "--wait")

    more = production.compose(*up, "--no-recreate", "--scale", "worker=3")
    seen = eventually(lambda: len(workers_online(flower, root)) == 3, 60)
    fewer = production.compose(*up)

    assert (more.returncode, seen, fewer.returncode) == (0, True, 0), more.stderr[-1000:] + fewer.stderr[-1000:]
    assert len(production.container("worker").split()) == 1
