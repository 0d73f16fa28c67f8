"""The web server and the worker, started as `make run` starts them."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from compose.bare.processes import free_port, wait_until
from compose.bare.stack import Stack
from compose.bare.state import ROOT, State

SETTINGS = "tests.load.settings"
START_SECONDS, STOP_SECONDS = 60, 30


class Service:
    """`environment` is what its processes see; the caller takes it over to use the same database."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.state.create()
        self.port = free_port()
        os.environ |= {"DJANGO_SETTINGS_MODULE": SETTINGS, "PORT": str(self.port), "LOG_LEVEL": "WARNING"}
        stack = Stack(self.state)
        self.environment = stack.environment
        # The very commands of `make run`, flags and number of processes with them.
        self._commands = {program.name: program.command for program in stack._application()}
        self._running: dict[str, psutil.Process] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def flags(self) -> str:
        return " ".join(self._commands["web"][2:])

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as processes:
            for name in ("web", "worker"):
                self._running[name] = psutil.Process(processes.enter_context(self._process(name)).pid)
            wait_until(self._listens, seconds=START_SECONDS, what="The web server", log=self.state.logs / "web.log")
            yield

    def resident_mib(self, program: str = "web") -> float:
        """The memory of the largest process of `web` or `worker`."""
        first = self._running[program]
        return max(process.memory_info().rss for process in first.children(recursive=True) or [first]) / 2**20

    @contextmanager
    def _process(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.state.logs / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                self._commands[name], cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
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
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
