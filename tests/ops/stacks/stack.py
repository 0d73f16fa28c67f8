"""One Compose project as an operator runs it, with a name, ports and an image of its own."""

import os
import subprocess
from typing import Any

import requests

from tests.ops.stacks.engine import run
from tests.support.waiting import eventually

START_SECONDS = 600
SETTLE_SECONDS = 90
STOP_SECONDS = 150
PASSWORD = "a-quiet-morning-ride"


class Stack:
    def __init__(self, *files: str, name: str, **environment: str) -> None:
        self.project = f"bikerental-trial-{os.getpid()}-{name}"
        self.environment = {"COMPOSE_FILE": ":".join(files), "COMPOSE_PROJECT_NAME": self.project, **environment}

    def compose(self, *arguments: str, seconds: float = 240) -> "subprocess.CompletedProcess[str]":
        return run("docker", "compose", *arguments, environment=self.environment, seconds=seconds)

    def make(self, *arguments: str, seconds: float = 400) -> "subprocess.CompletedProcess[str]":
        return run("make", "--no-print-directory", *arguments, environment=self.environment, seconds=seconds)

    def up(self) -> None:
        started = self.compose(
            "up", "--detach", "--no-build", "--wait", "--wait-timeout", str(START_SECONDS), seconds=START_SECONDS + 60
        )
        assert started.returncode == 0, started.stderr[-2000:] + self.compose("logs", "--tail", "30").stdout[-6000:]

    def states(self) -> dict[str, tuple[str, int]]:
        lines = self.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.ExitCode}}").stdout.splitlines()
        return {name: (state, int(code)) for name, state, code in (line.split() for line in lines)}

    def health(self, service: str) -> str:
        return self.compose("ps", "--format", "{{.Health}}", service).stdout.strip()

    def container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).stdout.strip()

    def sql(self, statement: str, database: str = "bikerental") -> str:
        command = ("psql", "-qtAX", "-v", "ON_ERROR_STOP=1", "-U", "bikerental", "-d", database, "-c", statement)
        answer = self.compose("exec", "-T", "postgres", *command)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    def promtool(self, expression: str) -> str:
        command = ("promtool", "query", "instant", "http://127.0.0.1:9090", expression)
        return self.compose("exec", "-T", "prometheus", *command).stdout

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", seconds=STOP_SECONDS)


def direct() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def register(session: requests.Session, base: str, email: str) -> None:
    person = {"name": "Rider", "email": email, "password": PASSWORD}
    registered = session.post(f"{base}/auth/register/", json=person, timeout=15)
    assert registered.status_code == 201, registered.text
    log_in(session, base, email=email, password=PASSWORD)


def log_in(session: requests.Session, base: str, *, email: str, password: str) -> None:
    session.headers.pop("Authorization", None)
    login = session.post(f"{base}/auth/token/", json={"email": email, "password": password}, timeout=15)
    assert login.status_code == 200, login.text
    session.headers["Authorization"] = f"Bearer {login.json()['access']}"


def ride(session: requests.Session, base: str) -> str:
    """Make a ride, from renting a free bike to its return. Returns the ride's URL."""
    bike = session.get(f"{base}/bikes/", params={"page_size": "1"}, timeout=15).json()["results"][0]
    started = session.post(f"{base}/rentals/", json={"bike": bike["id"]}, timeout=15)
    assert started.status_code == 201, started.text
    rental = f"{base}/rentals/{started.json()['id']}/"
    returned = session.post(f"{rental}return/", timeout=15)
    assert returned.status_code == 200, returned.text
    return rental


def settled(session: requests.Session, rental: str) -> dict[str, Any]:
    """The ride after the worker has settled it, or after the time limit."""
    eventually(lambda: session.get(rental, timeout=15).json()["status"] == "settled", SETTLE_SECONDS)
    answer: dict[str, Any] = session.get(rental, timeout=15).json()
    return answer
