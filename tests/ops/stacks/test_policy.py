"""Rules for every service of every stack, from `docker compose config`."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ops.stacks.engine import APPLICATION, FILES, run

Service = dict[str, Any]
Stacks = dict[str, dict[str, Any]]

ONE_SHOT = {"migrate"}
AGENTS = {"agent-web", "agent-worker", "agent-stores"}  # of Prometheus
BEHIND = {"worker", "beat", "flower", "backup", "restore", "prometheus", "grafana", "maildev"} | AGENTS
WORKER_HARD_LIMIT = 60
SOFT_SHUTDOWN = 20
SECRETS = ("PASSWORD", "KEY", "PASSPHRASE", "SOURCE_PASS")


def services(stacks: Stacks) -> Iterator[tuple[str, str, Service]]:
    for file, stack in stacks.items():
        for name, service in stack["services"].items():
            yield file, name, service


def seconds(duration: str) -> int:
    minutes, rest = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration).groups()  # type: ignore[union-attr]
    return int(minutes or 0) * 60 + int(rest or 0)


RULES: dict[str, Callable[[str, Service], bool]] = {
    "the root file system is read only": lambda name, service: service.get("read_only") is True,
    "all capabilities are dropped": lambda name, service: service.get("cap_drop") == ["ALL"],
    "none comes back but the low ports": lambda name, service: (
        service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    ),
    "no new privileges": lambda name, service: service.get("security_opt") == ["no-new-privileges:true"],
    "an init reaps and forwards signals": lambda name, service: service.get("init") is True,
    "memory is limited": lambda name, service: int(service.get("mem_limit", 0)) > 0,
    "processes are limited": lambda name, service: 0 < service.get("pids_limit", 0) <= 256,
    "riders do not wait for it": lambda name, service: service.get("cpu_shares") == (256 if name in BEHIND else 1024),
    "logs are rotated": lambda name, service: (
        service.get("logging", {}).get("options", {}).keys() == {"max-size", "max-file"}
    ),
    "it is started again": lambda name, service: (
        service.get("restart") == ("no" if name in ONE_SHOT else "unless-stopped")
    ),
    "its health is watched": lambda name, service: name in ONE_SHOT or bool(service.get("healthcheck", {}).get("test")),
    "it is not privileged": lambda name, service: not service.get("privileged"),
    "it does not share the host": lambda name, service: not {"network_mode", "pid", "ipc"} & service.keys(),
    "it does not hold the engine's socket": lambda name, service: "docker.sock" not in str(service.get("volumes")),
    "it is not root": lambda name, service: (
        name == "proxy" or service.get("user", "root").split(":")[0] not in {"0", "root"}
    ),
    "its image has an exact tag": lambda name, service: (
        ":" in service["image"] and not service["image"].endswith(":latest")
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_service_keeps_the_rule(stacks: Stacks, rule: str) -> None:
    keeps = RULES[rule]

    assert [f"{file}: {name}" for file, name, service in services(stacks) if not keeps(name, service)] == []


@pytest.mark.parametrize("file", FILES)
def test_the_application_is_one_image_with_a_numeric_user(stacks: Stacks, file: str) -> None:
    own = [stacks[file]["services"][name] for name in APPLICATION]

    assert len({service["image"] for service in own}) == 1
    # The developer's files belong to the developer.
    assert {service["user"] for service in own} == {"1000:1000" if file == "local.yml" else "10001:10001"}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", ["web", "worker", "beat", "flower"])
def test_the_application_waits_for_servers_and_the_migration(stacks: Stacks, file: str, name: str) -> None:
    conditions = {on: how["condition"] for on, how in stacks[file]["services"][name]["depends_on"].items()}

    assert conditions == {
        "postgres": "service_healthy",
        "redis": "service_healthy",
        "migrate": "service_completed_successfully",
    }


@pytest.mark.parametrize("file", FILES)
def test_a_stop_leaves_time_to_finish(stacks: Stacks, file: str) -> None:
    own = stacks[file]["services"]

    assert seconds(own["worker"]["stop_grace_period"]) >= WORKER_HARD_LIMIT + SOFT_SHUTDOWN
    assert seconds(own["web"]["stop_grace_period"]) > 20
    assert seconds(own["postgres"]["stop_grace_period"]) >= 60


def test_only_the_proxy_is_published_in_production(stacks: Stacks) -> None:
    published = {
        (name, port["published"])
        for name, service in stacks["production.yml"]["services"].items()
        for port in service.get("ports", [])
    }

    assert published == {("proxy", "80"), ("proxy", "443")}


@pytest.mark.parametrize("file", ["docker-compose.yml", "local.yml"])
def test_a_machine_publishes_on_loopback_only(stacks: Stacks, file: str) -> None:
    published = [port for service in stacks[file]["services"].values() for port in service.get("ports", [])]

    assert {port["host_ip"] for port in published} == {"127.0.0.1"}
    assert {"8000", "5555"} <= {port["published"] for port in published}


def test_the_stores_of_production_reach_nobody(stacks: Stacks) -> None:
    stack = stacks["production.yml"]

    assert stack["networks"]["data"]["internal"] is True
    assert [
        name for name in ("postgres", "redis", "cache") if list(stack["services"][name]["networks"]) != ["data"]
    ] == []


def test_the_proxy_cannot_reach_the_stores(stacks: Stacks) -> None:
    assert list(stacks["production.yml"]["services"]["proxy"]["networks"]) == ["edge"]


def test_a_service_is_given_only_the_secrets_it_uses(stacks: Stacks) -> None:
    given = {
        name: {key for key in service.get("environment", {}) if key.endswith(SECRETS)}
        for name, service in stacks["production.yml"]["services"].items()
    }

    application = {"DJANGO_SECRET_KEY", "JWT_SIGNING_KEY", "DATABASE_PASSWORD", "REDIS_PASSWORD"}
    assert given == dict.fromkeys(APPLICATION, application) | {
        "migrate": application | {"POSTGRES_PASSWORD", "READER_PASSWORD", "DATA_SOURCE_PASS"},
        "proxy": {"FLOWER_PASSWORD"},
        "postgres": {"POSTGRES_PASSWORD"},
        "backup": application | {"READER_PASSWORD", "BACKUP_PASSPHRASE"},
        "prometheus": set(),
        "alertmanager": {"ALERT_SMTP_PASSWORD"},
        "blackbox": set(),
        "node-exporter": set(),
        "postgres-exporter": {"DATA_SOURCE_PASS"},
        "redis-exporter": {"REDIS_PASSWORD"},
        "redis": {"REDIS_PASSWORD"},
        "cache": {"REDIS_PASSWORD"},
    }


@pytest.mark.parametrize("file", ["docker-compose.yml", "production.yml"])
def test_only_what_migrates_has_the_owners_password(stacks: Stacks, file: str) -> None:
    own = stacks[file]["services"].items()

    assert {name for name, service in own if "POSTGRES_PASSWORD" in service.get("environment", {})} == {
        "migrate",
        "postgres",
    }


WATCHER = {"prometheus", "alertmanager", "blackbox"}
HOSTS = {
    "web": {"proxy", "web", "flower", "agent-web", "node-exporter"},
    "worker": {"worker", "agent-worker", "node-exporter"},
    "worker,beat": {"worker", "beat", "backup", "agent-worker", "node-exporter"} | WATCHER,
    "stores": {"postgres", "redis", "cache", "postgres-exporter", "redis-exporter", "agent-stores", "node-exporter"},
}
# An operator who forgets PRIVATE_ADDRESS opens nothing.
PUBLISHED = {"web": {(None, "80")}, "worker": set(), "worker,beat": {("127.0.0.1", "9090")}, "stores": set()}


@pytest.mark.parametrize("profiles", HOSTS)
def test_a_host_of_several_runs_its_part(stacks: Stacks, envs: Path, profiles: str) -> None:
    own = {"COMPOSE_PROFILES": profiles, "ENVS": str(envs)}
    files = ("-f", "production.yml", "-f", "compose/production/hosts.yml")
    answer = run("docker", "compose", *files, "config", "--format", "json", environment=own)
    assert answer.returncode == 0, answer.stderr
    stack = json.loads(answer.stdout)["services"]

    assert stack.keys() == HOSTS[profiles] | {"migrate"}
    opened = [port for service in stack.values() for port in service.get("ports", [])]
    assert {(port.get("host_ip"), port["published"]) for port in opened} == PUBLISHED[profiles]
    for name in stack:
        assert [rule for rule, holds in RULES.items() if not holds(name, stack[name])] == []
    # What is on another host is not waited for.
    waits = {on for service in stack.values() for on, how in service.get("depends_on", {}).items() if how["required"]}
    assert waits <= stack.keys()


def test_a_deploy_finds_the_proxy_as_up_has_started_it(stacks: Stacks) -> None:
    """A deploy starts it alone. For Compose, what a service waits for is a part of its configuration: it would replace
    a proxy that waited, and requests would fail."""
    assert "depends_on" not in stacks["production.yml"]["services"]["proxy"]


def test_the_demo_city_is_never_sown_in_production(stacks: Stacks) -> None:
    assert stacks["docker-compose.yml"]["services"]["migrate"]["environment"]["SEED_DEMO"] == "true"
    assert "SEED_DEMO" not in stacks["production.yml"]["services"]["migrate"]["environment"]


def test_the_developers_source_is_mounted_and_mail_is_caught(stacks: Stacks) -> None:
    own = stacks["local.yml"]["services"]

    mounted = {name for name in APPLICATION if {"/app"} & {volume["target"] for volume in own[name]["volumes"]}}
    assert mounted == set(APPLICATION)
    assert own["web"]["environment"]["EMAIL_URL"] == "smtp://maildev:1025"
    assert own["web"]["environment"]["DEBUG_TOOLBAR"] == "true"
