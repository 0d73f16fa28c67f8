"""The whole stack on this machine, until Ctrl-C."""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bikerental.demo.constants import DEMO_ADMIN_EMAIL, DEMO_PASSWORD, DEMO_RIDER_EMAIL
from compose.bare.guard import guarded
from compose.bare.postgresql import UNPRIVILEGED, PostgreSQL
from compose.bare.preparation import prepare_database, static_files_collected
from compose.bare.processes import end_leftovers, leftovers, require_free_port, wait_until
from compose.bare.progress import UserError, say, step
from compose.bare.redis_server import RedisServer
from compose.bare.services import tool_environment
from compose.bare.state import MARK, ROOT, State
from compose.bare.supervision import Group, Program, Supervisor, Watch

READY_SECONDS = 120
# Longer than simulated riders need to end their rides.
BESIDE_SECONDS = 75
CELERY = ["python", "-m", "celery", "--quiet", "--app", "config.celery_app"]
OWNER = "MIGRATE_DATABASE_URL"
# Of each web process, as in production: fewer where PostgreSQL shares the cores.
THREADS, THREADS_ELSEWHERE = 3, 8
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Ports:
    web: int
    flower: int

    @classmethod
    def from_environment(cls) -> "Ports":
        return cls(web=number_from("PORT", 8000), flower=number_from("FLOWER_PORT", 5555))

    def require_free(self) -> None:
        require_free_port(self.web, "PORT")
        require_free_port(self.flower, "FLOWER_PORT")


def number_from(variable: str, default: int) -> int:
    value = os.environ.get(variable) or str(default)
    if not value.isdecimal():
        raise UserError(f"{variable} must be a number, not {value!r}.")
    return int(value)


class Stack:
    def __init__(self, state: State) -> None:
        self.started = time.monotonic()
        self.state = state
        self.ports = Ports.from_environment()
        self.postgresql = PostgreSQL(state, is_durable=True) if "DATABASE_URL" not in os.environ else None
        self.redis = RedisServer(state, is_durable=True) if "REDIS_URL" not in os.environ else None
        self.environment = self._environment()
        # For the developer's commands. What serves riders does not get it.
        given = self.environment.pop(OWNER, "")
        self.owner = {OWNER: self.postgresql.url if self.postgresql else given}
        self.supervisor = Supervisor(state, self._groups())

    def _environment(self) -> dict[str, str]:
        defaults = {
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DJANGO_DEBUG": "False",
            "DJANGO_SECRET_KEY": self.state.secret("django"),
            "JWT_SIGNING_KEY": self.state.secret("jwt"),
            "MEDIA_ROOT": str(self.state.media),
            "STATIC_ROOT": str(self.state.static),
        }
        own = {
            "PORT": str(self.ports.web),
            "WEB_THREADS": str(number_from("WEB_THREADS", THREADS if self._shares_cores() else THREADS_ELSEWHERE)),
            "PROMETHEUS_MULTIPROC_DIR": str(self.state.metrics),
            # Celery treats QUIT as the graceful TERM: the running task ends, the others return to the queue.
            "REMAP_SIGTERM": "SIGQUIT",
            # glibc keeps freed memory in up to eight arenas a core, and raises its limit so that it also keeps the 19
            # MiB of a password hash. Two arenas are enough, and blocks of that size are returned to the system.
            "MALLOC_ARENA_MAX": "2",
            "MALLOC_MMAP_THRESHOLD_": str(2**20),
        }
        if self.postgresql:
            own["DATABASE_URL"] = self.postgresql.application_url
        if self.redis:
            own["REDIS_URL"] = self.redis.url
        return defaults | tool_environment() | own

    def _shares_cores(self) -> bool:
        """Whether PostgreSQL runs on this machine."""
        return self.postgresql is not None or urlsplit(os.environ["DATABASE_URL"]).hostname in THIS_MACHINE

    def _groups(self) -> list[Group]:
        return [
            Group("servers", list(self._servers()), starts_at_once=True),
            Group("application", self._application(), starts_at_once=False),
        ]

    def _servers(self) -> Iterable[Program]:
        if self.postgresql:
            account = UNPRIVILEGED if self.postgresql.account else ""
            yield Program("postgres", self.postgresql.command, 30, stop_signal="INT", account=account, folder="/")
        if self.redis:
            yield Program("redis", self.redis.command, 20)

    def _application(self) -> list[Program]:
        worker = ["worker", "--hostname", "worker@%h", "--concurrency", "2", "--without-gossip", "--without-mingle"]
        beat = ["beat", "--pidfile", ""]
        flower = ["flower", "--address=127.0.0.1", f"--port={self.ports.flower}"]
        return [
            Program("web", self._web(), 20),
            # Requests of riders have priority: the worker takes the processor time that they leave.
            Program("worker", ["nice", "-n", "10", *CELERY, *worker], 30),  # beyond Celery's soft shutdown of 20 s
            Program("beat", [*CELERY, *beat], 10),
            Program("flower", [*CELERY, *flower], 10),
        ]

    def _web(self) -> list[str]:
        processes = number_from("WEB_PROCESSES", min(max(os.cpu_count() or 2, 2), 4))
        return [
            *("python", "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
            *("--host", "127.0.0.1", "--port", str(self.ports.web), "--http", "1", "--no-ws"),
            *("--backlog", "1024", "--backpressure", "512"),
            *("--log-config", "compose/production/django/granian.json"),
            *("--workers", str(processes), "--blocking-threads", self.environment["WEB_THREADS"]),
            *("--respawn-failed-workers", "--respawn-interval", "1", "--workers-kill-timeout", "8"),
        ]

    def run(self, *, beside: Sequence[str] = ()) -> None:
        """Start everything, then wait until it is interrupted.

        :param beside: a command that runs as long as the stack, and ends before it
        """
        if leftovers(self.state):
            with step("Stopping processes of an earlier start"):
                end_leftovers(self.state)
        self.ports.require_free()
        environment = self.environment | {MARK: self.state.mark}
        with guarded(self.state, environment=environment, is_temporary=False):
            self._start(environment)
            if not beside:
                self._watch(lambda: True)
                return
            with self._running(beside, environment) as is_alive:
                self._watch(is_alive)

    def _start(self, environment: dict[str, str]) -> None:
        empty(self.state.metrics)
        servers = self._own_servers()
        with static_files_collected(self.state, environment):
            with step(f"Starting {', '.join([*servers, 'Supervisor'])}"):
                for server in servers.values():
                    server.prepare()
                self.supervisor.start(environment)
                for server in servers.values():
                    server.wait()
            prepare_database(self.state, environment | self.owner)
        with step("Starting web, worker, beat and Flower"):
            self.supervisor.start_group("application")
            self._wait_for_application()
        self.state.publish(self.environment | self.owner)
        say(self._welcome())

    def _own_servers(self) -> dict[str, PostgreSQL | RedisServer]:
        servers = {"PostgreSQL": self.postgresql, "Redis": self.redis}
        return {name: server for name, server in servers.items() if server}

    def _wait_for_application(self) -> None:
        pages = {"web": f"{self.ports.web}/health/ready/", "flower": f"{self.ports.flower}/healthcheck"}
        for name, page in pages.items():
            url = f"http://127.0.0.1:{page}"
            wait_until(partial(answers, url), seconds=READY_SECONDS, what=url, log=self.state.logs / f"{name}.log")

    def _welcome(self) -> str:
        web = f"http://localhost:{self.ports.web}"
        return f"""
  Ready after {time.monotonic() - self.started:.1f} s. Ctrl-C stops everything. The data is kept for the next start.

    Start here  {web}/
    Swagger UI  {web}/api/docs/
                rider {DEMO_RIDER_EMAIL}, password {DEMO_PASSWORD}
    Admin       {web}/admin/
                {DEMO_ADMIN_EMAIL}, password {DEMO_PASSWORD}
                of one role: viewer@, technician@, support@, manager@demo.example
    Console     {web}/admin/console/
    Flower      http://127.0.0.1:{self.ports.flower}/
    Logs        {self.state.logs}
"""

    @contextmanager
    def _running(self, command: Sequence[str], environment: dict[str, str]) -> Iterator[Callable[[], bool]]:
        # In a session of its own: a Ctrl-C reaches it once, from here.
        process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        try:
            yield lambda: process.poll() is None
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(BESIDE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _watch(self, is_alive: Callable[[], bool]) -> None:
        watch = Watch(self.supervisor)
        while self.supervisor.is_running():
            time.sleep(1)
            if not is_alive():
                raise UserError("The simulated riders have left; their last lines say why.")
            for line in watch.changes():
                say(line)
        raise UserError(f"Supervisor ended unexpectedly. See {self.supervisor.log}.")


def answers(url: str) -> bool:
    # Without the proxy that the environment may name: the server is on this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
