"""The web server and the worker, with the commands of `make run`."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import psycopg2

from compose.bare.processes import free_port, wait_until
from compose.bare.progress import UserError
from compose.bare.stack import Stack
from compose.bare.state import ROOT, State
from tests.load.processor import Spent, hash_seconds, seconds_of
from tests.load.scheduling import without_groups_of_sessions

SETTINGS = "tests.load.settings"
START_SECONDS, STOP_SECONDS = 60, 30
GIVEN = dict(os.environ)  # before a service adds its own settings
INSIDE = Path(__file__).with_name("inside")
# Run in another checkout, to read its own flags and number of threads.
DESCRIBE = """
import json, sys
from pathlib import Path
from tests.load.server import Service
service = Service(Path(sys.argv[1]))
print(json.dumps([service.environment, service._commands]))
"""


class Service:
    """`environment` is the environment of its processes. The caller uses it to reach the same database."""

    def __init__(self, folder: Path) -> None:
        self.root = ROOT
        self.state = State(folder)
        self.state.create()
        os.environ |= {"DJANGO_SETTINGS_MODULE": SETTINGS, "PORT": str(free_port()), "LOG_LEVEL": "WARNING"}
        stack = Stack(self.state)
        self.environment = stack.environment
        # The exact commands of `make run`, with flags and number of processes.
        self._commands = {program.name: program.command for program in stack._application()}
        self._running: dict[str, psutil.Process] = {}

    @classmethod
    def of_checkout(cls, root: Path, folder: Path, servers: dict[str, str]) -> "Service":
        """The service of another checkout, which may be older.

        :param servers: DATABASE_URL and REDIS_URL
        """
        binaries = root / ".venv" / "bin"
        path = os.pathsep.join((str(binaries), os.environ["PATH"]))
        environment = GIVEN | servers | {"PATH": path, "VIRTUAL_ENV": str(root / ".venv")}
        service = cls(folder)
        service.root = root
        described = run([str(binaries / "python"), "-c", DESCRIBE, str(folder)], root=root, environment=environment)
        service.environment, service._commands = json.loads(described)
        return service

    def manage(self, *arguments: str) -> str:
        return run(["python", "manage.py", *arguments], root=self.root, environment=self.environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    @property
    def flags(self) -> str:
        return " ".join(self._commands["web"][2:])

    @contextmanager
    def running(self) -> Iterator[None]:
        with without_groups_of_sessions(), ExitStack() as processes:
            self._running["postgresql"] = server_of(self.environment["DATABASE_URL"])
            for name in ("web", "worker"):
                self._running[name] = psutil.Process(processes.enter_context(self._process(name)).pid)
            wait_until(self._listens, seconds=START_SECONDS, what="The web server", log=self.state.logs / "web.log")
            yield

    def spent(self) -> Spent:
        """The time that its processes and PostgreSQL have used so far. PostgreSQL's includes other clients."""
        return Spent(
            web=seconds_of(self._running["web"]),
            postgresql=seconds_of(self._running["postgresql"]),
            worker=seconds_of(self._running["worker"]),
            hashes=hash_seconds(self._hashes),
        )

    def resident_mib(self, program: str = "web") -> float:
        """The memory of the largest process of `web` or `worker`, in MiB."""
        first = self._running[program]
        return max(process.memory_info().rss for process in first.children(recursive=True) or [first]) / 2**20

    @property
    def _hashes(self) -> Path:
        return self.state.folder / "hashes"

    @contextmanager
    def _process(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        self._hashes.mkdir(exist_ok=True)
        measured = {
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "PYTHONPATH": str(INSIDE),
            "BENCH_HASHES": str(self._hashes),
        }
        with (self.state.logs / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                self._commands[name],
                cwd=self.root,
                env=self.environment | measured,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", int(self.environment["PORT"])), timeout=1).close()
        except OSError:
            return False
        return True


def run(command: list[str], *, root: Path, environment: dict[str, str]) -> str:
    finished = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    if finished.returncode:
        raise UserError(f"`{' '.join(command[1:3])}` failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def server_of(url: str) -> psutil.Process:
    """The first process of the PostgreSQL server: the parent of a connection's backend."""
    with closing(psycopg2.connect(url)) as database:
        server = psutil.Process(database.info.backend_pid).parent()
    assert server, "PostgreSQL runs on this machine"
    return server
