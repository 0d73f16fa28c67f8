"""Several hosts of one service: two for web, one for worker and beat, one for the stores, and a balancer."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.lengths import IS_LONG
from tests.ops.stacks.engine import run
from tests.ops.stacks.hosts import DEPLOY_SECONDS, Host, Riders, balanced
from tests.ops.stacks.stack import PASSWORD, Stack, direct, register
from tests.support.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

CLIENTS = 4
REGISTRATIONS = 10  # a minute, for one address
SETTINGS = {
    "POSTGRES_HOST": "postgres-of-all",
    "REDIS_HOST": "redis-of-all",
    "CACHE_HOST": "cache-of-all",
    "PROMETHEUS_URL": "http://prometheus-of-all:9090",
    "NUM_PROXIES": "2",
    "THROTTLE_REGISTER": f"{REGISTRATIONS}/minute",
    "WEB_PROCESSES": "1",
}
EMAILS = [f"rider-{number}@hosts.example" for number in range(CLIENTS)]
RIDES = "SELECT {what} FROM rentals_rental AS rental JOIN users_user AS rider ON rider.id = rental.rider_id"
OF_TRIAL = "WHERE rider.email LIKE '%@hosts.example'"


@dataclass
class Service:
    stores: Stack
    web: list[Host]
    worker: Host
    base: str
    network: str

    def sql(self, statement: str) -> str:
        return self.stores.sql(statement)


def changed(envs: Path, folder: Path, network: str) -> Path:
    shutil.copytree(envs, folder)
    for file in folder.iterdir():
        lines = [line.partition("=")[::2] for line in file.read_text().splitlines() if "=" in line and line[0] != "#"]
        file.write_text("".join(f"{name}={SETTINGS.get(name, value)}\n" for name, value in lines))
    ranges = run("docker", "network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Subnet}}").stdout
    with (folder / ".proxy").open("a") as proxy:
        proxy.write(f"BALANCER_RANGES={ranges}")
    return folder


@pytest.fixture(scope="module")
def service(image: str, envs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("hosts")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the containers' users read the stack's files
    network = f"bikerental-hosts-{os.getpid()}"
    assert run("docker", "network", "create", network).returncode == 0
    own = changed(envs, folder / "envs", network)
    hosts = [Host(name, folder / name, f"{network}-{name}", "web") for name in ("host-a", "host-b")]
    worker = Host("host-w", folder / "host-w", f"{network}-host-w", "worker,beat")
    for host in (*hosts, worker):
        host.prepare(network, own)
    files = ("production.yml", "compose/production/hosts.yml", str(hosts[0].folder / "trial.yml"))
    stores = Stack(*files, name="stores", COMPOSE_PROFILES="stores", ENVS=str(own), IMAGE=image)
    try:
        started = stores.compose("up", "--detach", "--wait", "postgres", "redis", "cache")
        assert started.returncode == 0, started.stderr
        # All at once, on an empty database: each runs the migrations.
        deploys = [host.begin(image) for host in (*hosts, worker)]
        ends = [deploy.wait(DEPLOY_SECONDS) for deploy in deploys]
        assert ends == [0, 0, 0], [(host.folder / "log").read_text()[-6000:] for host in (*hosts, worker)]
        seed = ("python", "manage.py", "seed_demo", "--if-empty", "--in-production")
        seeded = worker.compose("run", "--rm", "--no-deps", "-T", "migrate", *seed)
        assert seeded.returncode == 0, seeded.stderr[-2000:]
        with balanced(folder, network, hosts) as base:
            assert eventually(lambda: is_served(base), 30)
            yield Service(stores, hosts, worker, base, network)
    finally:
        for host in (*hosts, worker):
            host.down()
        stores.down()
        run("docker", "network", "rm", network)


def is_served(base: str) -> bool:
    try:
        answer = direct().get(base.removesuffix("/api/v1") + "/health/ready/", timeout=15)
    except requests.RequestException:
        return False
    return answer.status_code == 200


def test_one_prometheus_sees_the_figures_of_all_hosts(service: Service) -> None:
    query = ("promtool", "query", "instant", "http://127.0.0.1:9090", 'up{job=~"bikerental|worker|node"} == 1')

    def seen() -> set[tuple[str, str]]:
        answer = service.worker.compose("exec", "-T", "prometheus", *query).stdout
        found = [labels_of(line) for line in answer.splitlines() if line]
        return {(labels["host"], labels["job"]) for labels in found}

    web = {(host.name, job) for host in service.web for job in ("bikerental", "node")}
    assert eventually(lambda: seen() == web | {("host-w", "worker"), ("host-w", "node")}, 90), seen()


def labels_of(line: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


@pytest.fixture(scope="module")
def tokens(service: Service) -> list[str]:
    found = []
    for email in EMAILS:
        session = direct()
        register(session, service.base, email)  # one host registers, the other logs in
        found.append(str(session.headers["Authorization"]).removeprefix("Bearer "))
    return found


def test_a_killed_host_and_a_deploy_lose_no_ride(
    service: Service, tokens: list[str], image: str, tmp_path: Path
) -> None:
    one, other = service.web
    second = f"{image}-second"
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nLABEL trial=second\n")
    built = run("docker", "build", "--quiet", "--tag", second, str(tmp_path))
    assert built.returncode == 0, built.stderr
    # By mistake: a second beat, for the whole trial.
    more = service.worker.compose("up", "--detach", "--no-recreate", "--scale", "beat=2", "beat")
    assert more.returncode == 0, more.stderr
    try:
        with Riders(service.base, tokens).riding() as riders:
            time.sleep(5)
            assert (riders.failures, len(riders.rides) > 0) == ([], True)
            one.kill()
            time.sleep(8)
            open_requests = list(riders.failures)
            one.compose("up", "--detach", "--wait", seconds=300)
            for host in (one, other) if IS_LONG else ():  # minutes
                host.deploy(second)
            at_the_end = list(riders.failures)
        if IS_LONG:
            service.worker.deploy(second)
        settled = eventually(lambda: unsettled(service) == 0, 60)
    finally:
        run("docker", "image", "rm", "--force", second)

    assert riders.wrong == []
    assert len(open_requests) <= CLIENTS, open_requests  # each client has one request at a time
    assert at_the_end == open_requests
    assert settled
    # What riders were told is what is in the database, and was done once, although two beats sent the work.
    ended = service.sql(f"{RIDES.format(what='rental.id')} {OF_TRIAL}").split()
    assert set(ended) == riders.rides
    settled_twice = "SELECT rental_id FROM rentals_rentalevent WHERE kind = 'settled' GROUP BY 1 HAVING count(*) > 1"
    assert service.sql(settled_twice) == ""


def unsettled(service: Service) -> int:
    return int(service.sql(f"{RIDES.format(what='count(*)')} {OF_TRIAL} AND rental.status <> 'settled'"))


def test_a_clients_address_is_counted_over_all_hosts(service: Service, tokens: list[str]) -> None:
    url, empty = f"{service.base}/auth/register/", {"email": "", "password": "", "name": ""}
    # A window is a minute; of so many requests one window has too many.
    answers = [
        direct().post(url, json=empty, headers={"X-Forwarded-For": f"203.0.113.{number}"}, timeout=15).status_code
        for number in range(2 * REGISTRATIONS + 2)
    ]
    assert set(answers) == {400, 429}

    # A neighbour of another address, who also claims to be somebody else.
    ask = (
        "import json, urllib.request as r\n"
        "try: r.urlopen(r.Request('http://balancer:8000/api/v1/auth/register/', b'{}',"
        " {'Host': 'localhost', 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.1'}))\n"
        "except r.HTTPError as error: print(error.code)"
    )
    other = run("docker", "run", "--rm", "--network", service.network, "python:3.13-slim-trixie", "python", "-c", ask)
    assert other.stdout.strip() == "400", other.stderr


def test_a_session_and_its_end_hold_on_all_hosts(service: Service, tokens: list[str]) -> None:
    session = direct()
    pair = session.post(
        f"{service.base}/auth/token/", json={"email": EMAILS[0], "password": PASSWORD}, timeout=15
    ).json()
    session.headers["Authorization"] = f"Bearer {pair['access']}"
    before = {session.get(f"{service.base}/rentals/?page_size=1", timeout=15).status_code for _ in range(4)}
    ended = session.post(f"{service.base}/auth/logout/", json={"refresh": pair["refresh"]}, timeout=15)
    assert ended.status_code == 204, ended.text
    after = {session.get(f"{service.base}/rentals/?page_size=1", timeout=15).status_code for _ in range(4)}

    assert (before, after) == ({200}, {401})
