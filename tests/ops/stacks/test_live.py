"""The stacks, started as an operator starts them: a ride through HTTP, then a stop in order."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.ops.stacks.engine import ROOT, run

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("engine")]

BUILD_SECONDS = 400
START_SECONDS = 240
SETTLE_SECONDS = 90
STOP_SECONDS = 150
PASSWORD = "a-quiet-morning-ride"


class Stack:
    """One Compose project under a name and with ports and an image of its own."""

    def __init__(self, file: str, image: str, **environment: str) -> None:
        self.project = f"bikerental-trial-{os.getpid()}-{Path(file).stem}"
        self.file = file
        self.environment = {"IMAGE": image, **environment}

    def compose(self, *arguments: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        command = ("docker", "compose", "--project-name", self.project, "--file", self.file, *arguments)
        return run(*command, environment=self.environment, seconds=seconds)

    def up(self) -> None:
        started = self.compose(
            "up", "--detach", "--no-build", "--wait", "--wait-timeout", str(START_SECONDS), seconds=START_SECONDS + 60
        )
        assert started.returncode == 0, started.stderr[-2000:] + self.compose("logs", "--tail", "30").stdout[-6000:]

    def states(self) -> dict[str, tuple[str, int]]:
        lines = self.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.ExitCode}}").stdout.splitlines()
        return {name: (state, int(code)) for name, state, code in (line.split() for line in lines)}

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", seconds=STOP_SECONDS)


@pytest.fixture(scope="module")
def image(engine: None) -> Iterator[str]:
    """The image of the pipeline, or one built as the pipeline does and gone afterwards."""
    if given := os.environ.get("TRIAL_IMAGE"):
        yield given
        return
    name = f"bikerental-trial:{os.getpid()}"
    dockerfile = "compose/production/django/Dockerfile"
    built = run(
        "docker", "build", "-f", dockerfile, "--build-arg", "REVISION=trial", "-t", name, ".", seconds=BUILD_SECONDS
    )
    assert built.returncode == 0, built.stderr[-3000:]
    yield name
    run("docker", "image", "rm", "--force", name)


@pytest.fixture(scope="module")
def quick(image: str) -> Iterator[Stack]:
    stack = Stack("docker-compose.yml", image, PORT=free_port(), FLOWER_PORT=free_port())
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def production(image: str, envs: Path) -> Iterator[Stack]:
    stack = Stack("production.yml", image, ENVS=str(envs), HTTP_PORT=free_port(), HTTPS_PORT=free_port())
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def browser(production: Stack, tmp_path_factory: pytest.TempPathFactory) -> requests.Session:
    """Trusts the authority that Caddy made for localhost, and nothing else."""
    root = tmp_path_factory.mktemp("authority") / "root.crt"
    answer = production.compose("exec", "-T", "proxy", "cat", "/data/caddy/pki/authorities/local/root.crt")
    root.write_text(answer.stdout)
    session = direct()
    session.verify = str(root)
    return session


def direct() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def free_port() -> str:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return str(candidate.getsockname()[1])


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def ride(session: requests.Session, base: str, *, email: str, password: str) -> dict[str, Any]:
    """From the login to the settled cost, which takes the worker."""
    login = session.post(f"{base}/auth/token/", json={"email": email, "password": password}, timeout=15)
    assert login.status_code == 200, login.text
    session.headers["Authorization"] = f"Bearer {login.json()['access']}"
    bike = session.get(f"{base}/bikes/", params={"page_size": "1"}, timeout=15).json()["results"][0]
    started = session.post(f"{base}/rentals/", json={"bike": bike["id"]}, timeout=15)
    assert started.status_code == 201, started.text
    rental = f"{base}/rentals/{started.json()['id']}/"
    returned = session.post(f"{rental}return/", timeout=15)
    assert returned.status_code == 200, returned.text
    eventually(lambda: session.get(rental, timeout=15).json()["status"] == "settled", SETTLE_SECONDS)
    settled: dict[str, Any] = session.get(rental, timeout=15).json()
    return settled


def test_compose_up_alone_serves_a_ride(quick: Stack) -> None:
    base = f"http://localhost:{quick.environment['PORT']}/api/v1"

    settled = ride(direct(), base, email="rider-000001@demo.example", password="demo-ride-2026")

    assert (settled["status"], settled["cost"]["final"]) == ("settled", True)


def test_flower_answers_on_this_machine(quick: Stack) -> None:
    assert direct().get(f"http://127.0.0.1:{quick.environment['FLOWER_PORT']}/", timeout=15).status_code == 200


def test_the_image_is_labelled_and_its_files_belong_to_root(image: str) -> None:
    label = run(
        "docker",
        "image",
        "inspect",
        "--format",
        '{{index .Config.Labels "org.opencontainers.image.revision"}} {{.Config.User}}',
        image,
    )
    foreign = run(
        "docker",
        "run",
        "--rm",
        image,
        "find",
        "/app",
        "/opt/venv",
        "(",
        "!",
        "-user",
        "root",
        "-o",
        "-perm",
        "/022",
        ")",
        "!",
        "-type",
        "l",
    )

    assert label.stdout.split() == [os.environ.get("TRIAL_REVISION", "trial"), "10001:10001"]
    assert (foreign.returncode, foreign.stdout) == (0, "")


def test_the_image_holds_no_tests_and_no_settings_of_a_machine(image: str) -> None:
    listed = run("docker", "run", "--rm", image, "ls", "-A", "/app")

    assert set(listed.stdout.split()) == {
        "bikerental",
        "compose",
        "config",
        "manage.py",
        "production.yml",
        "requirements",
        "static",
    }


def test_the_quick_stack_stops_in_order(quick: Stack) -> None:
    """The last one for this stack: it is not started again."""
    quick.compose("stop", seconds=STOP_SECONDS)

    assert {name: state for name, state in quick.states().items() if state != ("exited", 0)} == {}
    assert len(quick.states()) == 7


def test_production_serves_a_ride_behind_tls(production: Stack, browser: requests.Session) -> None:
    base = f"https://localhost:{production.environment['HTTPS_PORT']}/api/v1"
    seeded = production.compose(
        "run", "--rm", "--no-deps", "-T", "migrate", "python", "manage.py", "seed_demo", "--if-empty", "--in-production"
    )
    assert seeded.returncode == 0, seeded.stderr[-2000:]
    registered = browser.post(
        f"{base}/auth/register/",
        json={"name": "Rider", "email": "rider@trial.example", "password": PASSWORD},
        timeout=15,
    )
    assert registered.status_code == 201, registered.text

    settled = ride(browser, base, email="rider@trial.example", password=PASSWORD)

    assert (settled["status"], settled["cost"]["final"]) == ("settled", True)


def test_plain_http_is_sent_to_tls(production: Stack) -> None:
    answer = direct().get(
        f"http://localhost:{production.environment['HTTP_PORT']}/api/docs/", allow_redirects=False, timeout=15
    )

    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("https://localhost")


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/METRICS", "/%6Detrics", "//metrics", "/api/../metrics", "/flower/metrics"]
)
def test_metrics_are_not_for_the_outside(production: Stack, browser: requests.Session, path: str) -> None:
    address = f"https://localhost:{production.environment['HTTPS_PORT']}"
    request = browser.prepare_request(requests.Request("GET", address))
    request.url = address + path  # as it stands: the library would tidy it

    answer = browser.send(request, allow_redirects=False, timeout=15)

    assert answer.status_code in {308, 401, 404}
    assert "# HELP" not in answer.text


def test_metrics_are_there_inside(production: Stack) -> None:
    ask = (
        "from urllib.request import Request, urlopen\n"
        "print(urlopen(Request('http://127.0.0.1:8000/metrics', headers={'Host': 'localhost'})).read().decode()[:4000])"
    )

    assert "# HELP" in production.compose("exec", "-T", "web", "python", "-c", ask).stdout


def test_flower_wants_a_password(production: Stack, browser: requests.Session, envs: Path) -> None:
    flower = f"https://localhost:{production.environment['HTTPS_PORT']}/flower/"
    settings = dict(
        line.split("=", 1) for line in (envs / ".proxy").read_text().splitlines() if "=" in line and line[0] != "#"
    )

    assert browser.get(flower, headers={"Authorization": ""}, timeout=15).status_code == 401
    assert browser.get(flower, auth=(settings["FLOWER_USER"], "guessed"), timeout=15).status_code == 401
    assert (
        browser.get(flower, auth=(settings["FLOWER_USER"], settings["FLOWER_PASSWORD"]), timeout=15).status_code == 200
    )


def test_the_broker_keeps_and_the_cache_forgets(production: Stack) -> None:
    def policy(service: str) -> list[str]:
        script = "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli config get maxmemory-policy && redis-cli ping"
        return production.compose("exec", "-T", service, "bash", "-c", script).stdout.split()

    assert policy("redis")[:3] == ["maxmemory-policy", "noeviction", "NOAUTH"]
    assert policy("cache")[:3] == ["maxmemory-policy", "allkeys-lru", "NOAUTH"]


def test_two_migrations_queue(production: Stack) -> None:
    command = ("docker", "compose", "--project-name", production.project, "--file", production.file)
    once = (*command, "run", "--rm", "--no-deps", "-T", "migrate")
    both = [
        subprocess.Popen(
            once,
            cwd=ROOT,
            env=os.environ | production.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]

    assert [process.wait(120) for process in both] == [0, 0]


def test_the_committed_examples_are_refused(production: Stack) -> None:
    for service, variable in (
        ("web", "POSTGRES_PASSWORD"),
        ("web", "DJANGO_SECRET_KEY"),
        ("redis", "REDIS_PASSWORD"),
        ("proxy", "FLOWER_PASSWORD"),
    ):
        refused = production.compose("run", "--rm", "--no-deps", "-T", "-e", f"{variable}={'change-me' * 8}", service)
        assert refused.returncode != 0
        assert variable in refused.stdout + refused.stderr


def test_a_backup_is_restored_and_proven(production: Stack) -> None:
    backup = production.compose("exec", "-T", "backup", "/etc/bikerental/backup", "once", seconds=120)
    assert backup.returncode == 0, backup.stderr

    drill = production.compose("exec", "-T", "backup", "/etc/bikerental/restore", "--drill", seconds=120)

    assert drill.returncode == 0, drill.stderr
    assert "Proven: bikerental-" in drill.stderr


def test_a_damaged_backup_is_not_restored(production: Stack) -> None:
    script = (
        'set -e; cd "$PGDATA"; last=$(ls *.dump | tail -n 1); '
        'cp "$last" bikerental-20000101T000000Z.dump; cp "$last.sha256" bikerental-20000101T000000Z.dump.sha256; '
        'sed -i "s/ .*/  bikerental-20000101T000000Z.dump/" *20000101*.sha256; '
        "echo x >> bikerental-20000101T000000Z.dump; "
        '! /etc/bikerental/restore --drill "$PGDATA/bikerental-20000101T000000Z.dump"; rm -f *20000101*'
    )

    refused = production.compose("exec", "-T", "backup", "bash", "-c", script)

    assert (refused.returncode, "Proven" in refused.stderr) == (0, False)
    assert "FAILED" in refused.stdout + refused.stderr


def test_production_stops_in_order(production: Stack) -> None:
    """The last one: the stack is not started again."""
    production.compose("stop", seconds=STOP_SECONDS)

    assert {name: state for name, state in production.states().items() if state != ("exited", 0)} == {}
    assert len(production.states()) == 10
