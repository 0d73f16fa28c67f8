"""Deploys as the pipeline does, to a stand-in host, each under a load that counts failures."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.lengths import IS_LONG
from tests.ops.delivery.load import Load
from tests.ops.delivery.standin import DEPLOY_SECONDS, READY_SECONDS, ROOT, Host, missing, must, run, standing
from tests.support.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

GITLAB_CI_LOCAL = shutil.which("gitlab-ci-local")
APPLICATION = {"web", "worker", "beat", "flower"}
START = "/app/compose/production/django/start"
FILES = ("DEPLOY_KEY", "DEPLOY_KNOWN_HOSTS")
PASSWORD = "a-quiet-morning-ride"
RIDER = {"name": "Rider", "email": "rider@trial.example", "password": PASSWORD}


@pytest.fixture(scope="module")
def host(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("delivery")
    folder.chmod(0o755)
    for parent in folder.parents[:2]:
        parent.chmod(0o755)  # the containers' users read the stack's files
    with standing(folder, f"bikerental-delivery-{os.getpid()}") as made:
        yield made


@pytest.fixture(scope="module")
def one(host: Host, image: str) -> str:
    return host.publish("one", image)


@pytest.fixture(scope="module")
def two(host: Host, image: str) -> str:
    return host.publish("two", image)


@pytest.fixture(scope="module")
def deployed(host: Host, one: str) -> str:
    """The first deploy, as docs/operations/delivery.md describes it."""
    brought = host.ship()
    assert brought.returncode == 0, brought.stderr
    host.there("compose/production/make-envs localhost")
    host.there("sed -i 's/bikerental\\.example/bikerental.test/' .envs/.production/.django")
    # The load is one rider's, so the throttles must not refuse it.
    host.there("sed -i 's/^\\(THROTTLE_[A-Z]*\\)=.*/\\1=100000\\/minute/' .envs/.production/.django")
    # As on a server of an earlier release: one role for everything. The next deploy makes the others.
    for role, file in (("DATABASE", ".database"), ("READER", ".reader")):
        owner = rf"s/^POSTGRES_\(USER\|PASSWORD\)=/{role}_\1=/p"
        host.there(f"sed -n '{owner}' .envs/.production/.postgres > .envs/.production/{file}")
    ports = f"HTTP_PORT=0\\nHTTPS_PORT={host.https_port}\\nCOMPOSE_PROJECT_NAME={host.project}\\n"
    host.there(f"printf '{ports}' > .env")

    first = host.ship(one)

    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-4000:]
    assert f"Deployed {one}." in first.stdout
    host.trust()
    return one


@pytest.fixture
def load(host: Host, deployed: str) -> Callable[[], Load]:
    authority = str(host.folder / "root.crt")

    def make() -> Load:
        session = requests.Session()
        session.trust_env = False
        session.verify = authority
        session.post(f"{host.url}/api/v1/auth/register/", json=RIDER, timeout=30)
        login = session.post(f"{host.url}/api/v1/auth/token/", json=RIDER, timeout=30)
        assert login.status_code == 200, login.text
        return Load(host.url, authority, login.json()["access"])

    return make


def runs(host: Host, image: str) -> bool:
    """Every service of the application has this image, here and for `docker compose` by hand, and web-next is gone."""
    running = host.running()
    alone = running.keys() >= APPLICATION and "web-next" not in running and set(running.values()) == {image}
    return alone and host.configured() == {image}


def test_the_first_deploy_serves(host: Host, deployed: str) -> None:
    ready = host.verify()

    assert (ready.returncode, ready.stdout) == (0, f"{host.url} is ready.\n"), ready.stderr
    assert runs(host, deployed), host.running()


def test_the_operators_commands_are_on_the_server(host: Host, deployed: str) -> None:
    for command in ("backups", "alerts"):
        done = run("make", "--no-print-directory", command, at=host.app)
        assert done.returncode == 0, done.stderr


def test_without_an_earlier_deploy_last_is_refused(host: Host, deployed: str) -> None:
    nothing = host.ship("--last")

    assert nothing.returncode == 1
    assert "There is no earlier image to go back to." in nothing.stderr
    assert runs(host, deployed), host.running()


def test_a_host_of_another_key_is_given_nothing(host: Host, deployed: str, two: str) -> None:
    other = host.folder / "other"
    must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other))
    pinned = host.folder / "other_hosts"
    pinned.write_text(f"[localhost]:{host.ssh_port} {other.with_suffix('.pub').read_text()}")

    refused = host.ship(two, DEPLOY_KNOWN_HOSTS=str(pinned))

    assert refused.returncode != 0
    assert "Host key verification failed" in refused.stderr
    assert runs(host, deployed), host.running()


def test_the_next_image_replaces_it_without_a_failed_request(
    host: Host, deployed: str, two: str, load: Callable[[], Load]
) -> None:
    before = host.container("web"), host.container("postgres"), host.container("proxy")
    host.there("rm .envs/.production/.database .envs/.production/.reader")

    with load().running() as running:
        second = host.ship(two)

    assert second.returncode == 0, second.stderr[-4000:]
    assert "made .envs/.production/.database" in second.stdout
    assert runs(host, two), host.running()
    assert host.container("web") != before[0]
    assert (host.container("postgres"), host.container("proxy")) == before[1:]
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers


def test_changed_settings_are_applied_without_a_failed_request(
    host: Host, deployed: str, load: Callable[[], Load]
) -> None:
    host.there("docker compose -f production.yml up --detach --wait")  # as stacks.md starts it by hand
    before = {service: host.container(service) for service in ("web", "worker", "postgres", "proxy")}

    rules = host.app / "compose/production/prometheus/alerts.yml"
    rules.write_text(f"{rules.read_text()}  - {{name: trial, rules: [{{record: trial, expr: vector(1)}}]}}\n")

    with host.setting(".django", "CLAIM_DAYS", "17"), load().running() as running:
        applied = host.apply()

    assert applied.returncode == 0, applied.stderr[-4000:]
    after = {service: host.container(service) for service in before}
    changed = {service for service in before if before[service] != after[service]}
    assert changed == {"web", "worker"}
    query = ("promtool", "query", "instant", "http://127.0.0.1:9090", "trial")
    assert eventually(lambda: "=> 1" in run("docker", "exec", host.container("prometheus"), *query).stdout, 60)
    assert "CLAIM_DAYS=17" in must("docker", "inspect", "--format", "{{.Config.Env}}", after["web"])
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers


FAULTS = [
    (".django", "JWT_SIGNING_KEY", "", "JWT_SIGNING_KEY is missing"),
    (".django", "CITY_TIME_ZONE", "Mars/Olympus", "CITY_TIME_ZONE=Mars/Olympus is not a time zone"),
    (".postgres", "POSTGRES_PASSWORD", "another-word", "The database refuses: "),
    (".proxy", "FLOWER_PASSWORD", "", "FLOWER_PASSWORD is missing"),
    (".alerts", "ALERT_EMAILS", "night@bikes.example", "ALERT_EMAILS needs ALERT_SMTP"),
]


def test_settings_that_cannot_work_change_nothing(
    host: Host, deployed: str, one: str, two: str, load: Callable[[], Load]
) -> None:
    before = host.running(), host.container("web"), host.container("proxy")

    with load().running() as running:
        for file, name, value, said in FAULTS:
            with host.setting(file, name, value):
                for refused in (host.apply(), host.ship(one if runs(host, two) else two)):
                    assert refused.returncode == 1, (name, refused.stdout)
                    assert said in refused.stdout + refused.stderr, name
                    assert "Traceback" not in refused.stderr
                    assert "Nothing that serves was changed" in refused.stderr
        full = host.apply(DISK_MB="1000000000")
        assert (full.returncode, "a deploy needs 1000000000" in full.stderr) == (1, True)
        taken = host.apply(HTTP_PORT=str(22))  # the stand-in's own sshd
        assert (taken.returncode, "Port 22 is taken by another program." in taken.stderr) == (1, True), taken.stderr

    assert (host.running(), host.container("web"), host.container("proxy")) == before
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers


@pytest.mark.skipif(not IS_LONG, reason="waits for a worker that never becomes healthy; LONG=1 does")
def test_a_setting_that_only_the_worker_refuses_is_taken_back(
    host: Host, deployed: str, load: Callable[[], Load]
) -> None:
    with host.setting(".django", "WORKER_PROCESSES", "many"), load().running() as running:
        refused = host.apply(READY_SECONDS="240")

    assert refused.returncode == 1
    assert "runs again, with the settings of .deployed.envs" in refused.stderr
    assert "WORKER_PROCESSES=many" not in must(
        "docker", "inspect", "--format", "{{.Config.Env}}", host.container("worker")
    )
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers


@pytest.mark.parametrize("service", ["web", "worker"] if IS_LONG else ["web"])
def test_a_broken_image_is_rolled_back(
    host: Host, image: str, deployed: str, two: str, load: Callable[[], Load], service: str
) -> None:
    """A broken web never gets a request. A broken worker fails after web was replaced."""
    if not runs(host, two):
        assert host.ship(two).returncode == 0
    broken = host.publish(f"broken-{service}", image, f"RUN printf '#!/bin/bash\\nexit 3\\n' > {START}/{service}")

    with load().running() as running:
        # With the worker's image, web and the others must become healthy first.
        failed = host.ship(broken, READY_SECONDS="60" if service == "web" else "240")

    assert failed.returncode == 1
    if service == "web":
        assert re.search("^web-next: (restarting|running|exited), ", failed.stderr, re.MULTILINE), failed.stderr[-4000:]
        assert f"Nothing that serves was changed: {two} runs as before." in failed.stderr
    else:
        assert f"{broken} did not become healthy: back to {two}." in failed.stderr
        assert f"{two} runs again" in failed.stderr
    assert runs(host, two), host.running()
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers
    assert host.verify().returncode == 0


@pytest.mark.skipif(
    bool(GITLAB_CI_LOCAL) and not IS_LONG, reason="rollback-staging goes back under load as well; LONG=1 does both"
)
def test_one_command_goes_back_to_the_last_image(host: Host, deployed: str, two: str, load: Callable[[], Load]) -> None:
    if not runs(host, two):
        assert host.ship(two).returncode == 0

    with load().running() as running:
        returned = host.ship("--last")

    assert returned.returncode == 0, returned.stderr[-4000:]
    assert runs(host, deployed), host.running()
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers


def test_the_pipelines_jobs_deploy_verify_and_go_back(
    host: Host, image: str, deployed: str, load: Callable[[], Load]
) -> None:
    """`staging`, `verify-staging` and `rollback-staging`, as a runner runs them."""
    if not GITLAB_CI_LOCAL:
        pytest.skip("gitlab-ci-local is not on this machine.")
    clone = host.folder / "clone"
    must("git", "clone", "--quiet", str(ROOT), str(clone))
    must("git", "checkout", "--quiet", "-B", "main", at=clone)
    must("git", "remote", "set-url", "origin", "https://gitlab.example/trial/bikerental.git", at=clone)
    wanted = host.publish(must("git", "rev-parse", "HEAD", at=clone), image)
    before = host.there("tail -n 1 .deployed")
    files = {name: {"type": "file", "values": {"*": Path(host.variables[name]).read_text()}} for name in FILES}
    variables = {
        "STAGING_HOST": host.address,
        "STAGING_URL": host.url,
        "CI_REGISTRY_IMAGE": f"{host.registry}/bikerental",
        "DEPLOY_FOLDER": str(host.app),
        "READY_SECONDS": READY_SECONDS,
        "CURL_CA_BUNDLE": host.variables["CURL_CA_BUNDLE"],
    }
    plain = {name: {"type": "variable", "values": {"*": value}} for name, value in variables.items()}
    (clone / ".gitlab-ci-local-variables.yml").write_text(json.dumps(plain | files))

    def job(*names: str) -> None:
        must("gitlab-ci-local", "--no-needs", *names, at=clone, seconds=DEPLOY_SECONDS)

    job("staging")
    assert runs(host, wanted), host.running()
    job("verify-staging")
    assert runs(host, wanted), host.running()
    with load().running() as running:
        job("rollback-staging")
    assert runs(host, before), host.running()
    assert (running.failures, running.answers["GET 200"] > 100) == ([], True), running.answers


def test_a_service_that_does_not_answer_is_not_verified(host: Host, deployed: str) -> None:
    away = run("compose/production/verify", "https://localhost:9", environment={"VERIFY_SECONDS": "2"}, at=ROOT)

    assert away.returncode == 1
    assert "https://localhost:9 is not ready: " in away.stderr
