"""A city to break: the whole of `make run`, with access to its Supervisor."""

import os
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy

import psutil
import psycopg2
import redis

from compose.bare.processes import free_port
from compose.bare.state import ROOT, State
from tests.live import answers
from tests.support.waiting import eventually

BARE = [sys.executable, "-m", "compose.bare"]
START_SECONDS = 240
STOP_SECONDS = 120
# `make test` sets these for its own servers. The stack has its own.
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR")


class RunningStack:
    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.log = folder.with_suffix(".txt")
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath)))
        ports = {"PORT": str(self.port), "FLOWER_PORT": str(free_port())}
        # A few riders ride all the time. The limits must not hide a lost receipt, nor refuse what they do next.
        bounds = {
            "MESSAGES_PER_ADDRESS_HOUR": "1000000",
            "RESERVATION_COOLDOWN_MINUTES": "0",
            "RESERVATIONS_UNUSED_PER_DAY": "1000000",
            "CANCELS_PER_DAY": "1000000",
        }
        own = {"PATH": path, "STATE_DIR": str(folder), "LOG_LEVEL": "WARNING"}
        self._own_environment = kept | ports | bounds | own
        with self.log.open("w") as output:
            self._runner = subprocess.Popen(
                [*BARE, "run"],
                cwd=ROOT,
                env=self._own_environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self) -> None:
        def is_decided() -> bool:
            return self._runner.poll() is not None or "Ready after" in self.log.read_text()

        assert eventually(is_decided, START_SECONDS), self.log.read_text()
        assert self._runner.poll() is None, self.log.read_text()
        self.environment = self.state.published()

    def end(self) -> None:
        if self._runner.poll() is None:
            self._runner.terminate()
            self._runner.wait(STOP_SECONDS)
        clean = [*BARE, "clean", "--yes"]
        subprocess.run(clean, cwd=ROOT, env=self._own_environment, timeout=STOP_SECONDS, check=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.environment["DATABASE_URL"], connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []

    @contextmanager
    def redis(self) -> Iterator["redis.Redis"]:
        with redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5) as client:
            yield client

    def supervise(self, method: str, *arguments: object) -> Any:
        """Call Supervisor's interface: `startProcess`, `stopProcess`, `getAllProcessInfo`."""
        parser = RawConfigParser()
        parser.read(self.state.folder / "supervisor.conf")
        server = parser["inet_http_server"]
        with ServerProxy(f"http://{server['username']}:{server['password']}@{server['port']}/RPC2") as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def process(self, name: str) -> psutil.Process:
        """The program's first process, when Supervisor has started one."""
        found: list[psutil.Process] = []

        def is_up() -> bool:
            pids = [info["pid"] for info in self.supervise("getAllProcessInfo") if info["name"] == name]
            found[:] = [psutil.Process(pid) for pid in pids if pid and psutil.pid_exists(pid)]
            return bool(found)

        assert eventually(is_up, 30), f"{name} is not running"
        return found[-1]

    def children(self, name: str) -> list[psutil.Process]:
        """The program's child processes: web processes, pool children, PostgreSQL's backends."""
        found: list[psutil.Process] = []

        def are_up() -> bool:
            found[:] = self.process(name).children(recursive=True)
            return bool(found)

        assert eventually(are_up, 30), f"{name} has no children"
        return found

    @contextmanager
    def beside(self, *command: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run another process in the stack's environment."""
        with (self.state.logs / f"{name}.log").open("ab") as log:
            extra = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        try:
            yield extra
        finally:
            extra.terminate()
            try:
                extra.wait(20)
            except subprocess.TimeoutExpired:
                extra.kill()
                extra.wait(20)

    def sweep_each(self, seconds: int) -> None:
        """Change the interval as an operator does in the admin. Beat reads its table again by itself."""
        self.query(
            "WITH own AS (INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (%s, 'seconds') "
            "RETURNING id) UPDATE django_celery_beat_periodictask SET interval_id = (SELECT id FROM own), "
            "expire_seconds = %s WHERE name LIKE 'sweep-%%'",
            seconds,
            seconds,
        )
        self.query("UPDATE django_celery_beat_periodictasks SET last_update = now()")


@contextmanager
def running_stack(folder: Path) -> Iterator[RunningStack]:
    stack = RunningStack(folder)
    try:
        stack.wait()
        yield stack
    finally:
        stack.end()


def serves(address: str) -> bool:
    return answers(f"{address}/health/live/")
