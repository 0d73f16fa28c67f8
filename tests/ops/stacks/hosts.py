"""Hosts of one service, each a Compose project of its own, with a balancer before them."""

import os
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import requests

from compose.bare.processes import free_port
from tests.ops.stacks.engine import ROOT, run
from tests.ops.stacks.stack import direct
from tests.support.threads import until_set

DEPLOY_SECONDS = 1500
# All hosts are on one network. What the trial does not look at is left out.
TRIAL = """\
services:
  migrate: {{networks: [between]}}
  web: {{networks: [between]}}
  web-next: {{networks: [between]}}
  worker: {{networks: [between]}}
  beat: {{networks: [between]}}
  proxy: {{ports: !reset [], networks: {{between: {{aliases: ["{name}"]}}}}}}
  postgres: {{networks: {{between: {{aliases: [postgres-of-all]}}}}}}
  redis: {{networks: {{between: {{aliases: [redis-of-all]}}}}}}
  cache: {{networks: {{between: {{aliases: [cache-of-all]}}}}}}
  backup: {{profiles: !override [never]}}
  flower: {{profiles: !override [never]}}
  prometheus: {{ports: !reset [], networks: {{between: {{aliases: [prometheus-of-all]}}}}}}
  agent-web: {{networks: [between]}}
  agent-worker: {{networks: [between]}}
  alertmanager: {{profiles: !override [never]}}
  blackbox: {{profiles: !override [never]}}
networks:
  between: {{external: true, name: {network}}}
"""
FILES = "production.yml:compose/production/hosts.yml:trial.yml"
BALANCER = """\
resolvers engine
  nameserver own 127.0.0.11:53
  hold valid 1s
defaults
  mode http
  timeout connect 2s
  timeout check 10s
  timeout client 30s
  timeout server 30s
  timeout queue 10s
  timeout http-request 10s
  # A host that does not take the connection has not begun the request, so the other host may have it.
  retries 3
  option redispatch 1
  retry-on conn-failure
frontend entrance
  bind :8000
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  default_backend hosts
backend hosts
  balance roundrobin
  http-reuse never
  option httpchk GET /health/ready/
  default-server check inter 1s fall 3 rise 1 resolvers engine init-addr last,libc,none
"""


@dataclass
class Host:
    """A machine: a folder with the deploy script, and what that script made of it."""

    name: str
    folder: Path
    project: str
    profiles: str
    environment: dict[str, str] = field(default_factory=dict)

    def prepare(self, network: str, envs: Path) -> None:
        (self.folder / "compose/production").mkdir(parents=True)
        shutil.copy(ROOT / "compose/production/deploy", self.folder / "compose/production")
        (self.folder / "trial.yml").write_text(TRIAL.format(name=self.name, network=network))
        own = {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": FILES,
            "COMPOSE_PROFILES": self.profiles,
            "HOST_NAME": self.name,
        }
        (self.folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in own.items()))
        self.environment = {"ENVS": str(envs), "DISK_MB": "1", "READY_SECONDS": "600"}

    def begin(self, image: str) -> "subprocess.Popen[str]":
        """Deploy, in the background."""
        script = self.folder / "compose/production/deploy"
        with (self.folder / "log").open("a") as log:
            return subprocess.Popen([script, image], env=self._environment(), stdout=log, stderr=log, text=True)

    def deploy(self, image: str) -> None:
        assert self.begin(image).wait(DEPLOY_SECONDS) == 0, (self.folder / "log").read_text()[-6000:]

    def compose(self, *arguments: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ("docker", "compose", *arguments),
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def kill(self) -> None:
        """As when the power fails."""
        running = self.compose("ps", "--quiet").stdout.split()
        assert run("docker", "kill", *running).returncode == 0

    def down(self) -> None:
        if (self.folder / "production.yml").exists():
            self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")

    def _environment(self) -> dict[str, str]:
        own = ("COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME", "IMAGE")
        return {key: value for key, value in os.environ.items() if key not in own} | self.environment


@contextmanager
def balanced(folder: Path, network: str, hosts: list[Host]) -> Iterator[str]:
    """A balancer before the hosts. Yields the address of the API."""
    name, port = f"{network}-balancer", free_port()
    servers = "".join(f"  server {host.name} {host.name}:80\n" for host in hosts)
    (folder / "haproxy.cfg").write_text(BALANCER + servers)
    try:
        started = run(
            *("docker", "run", "--detach", "--name", name, "--network", network, "--network-alias", "balancer"),
            *(
                "--publish",
                f"127.0.0.1:{port}:8000",
                "--volume",
                f"{folder}/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro",
            ),
            "haproxy:3.0",
        )
        assert started.returncode == 0, started.stderr
        yield f"http://localhost:{port}/api/v1"  # a name that Django serves
    finally:
        run("docker", "rm", "--force", name)


class Riders:
    """Riders who ride all the time. Without an answer they repeat the request, with the same key."""

    def __init__(self, base: str, tokens: list[str]) -> None:
        self.base = base
        self.tokens = tokens
        self.rides: set[str] = set()
        self.failures: list[str] = []
        self.wrong: list[str] = []
        self._over = threading.Event()

    def ride(self, token: str, number: int) -> None:
        session = direct()
        session.headers["Authorization"] = f"Bearer {token}"
        while not self._over.is_set():
            free = self.ask(session, "GET", f"bikes/?page_size=1&page={number + 1}", {200})
            if free is None or not free.json()["results"]:
                continue
            body = {"bike": free.json()["results"][0]["id"]}
            started = self.ask(session, "POST", "rentals/", {201, 409}, body)
            if started is None or started.status_code == 409:  # another rider was faster
                continue
            ride = started.json()["id"]
            self.ask(session, "POST", f"rentals/{ride}/return/", {200}, {})
            self.rides.add(ride)

    def ask(
        self, session: requests.Session, method: str, path: str, wanted: set[int], body: object = None
    ) -> requests.Response | None:
        key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for _ in range(20):
            try:
                answer = session.request(method, f"{self.base}/{path}", json=body, headers=key, timeout=40)
            except requests.RequestException as error:
                self.failures.append(f"{time.strftime('%X')} {method} {path} {error!r}")
            else:
                if answer.status_code in wanted:
                    return answer
                said = f"{time.strftime('%X')} {method} {path} {answer.status_code} {answer.text[:200]}"
                if answer.status_code < 500:
                    self.wrong.append(said)
                    return None
                self.failures.append(said)
            time.sleep(0.5)
        self.wrong.append(f"{method} {path} was never answered")
        return None

    @contextmanager
    def riding(self) -> Iterator["Riders"]:
        rides = [partial(self.ride, token, number) for number, token in enumerate(self.tokens)]
        with until_set(self._over, *rides):
            yield self
