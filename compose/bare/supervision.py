"""Supervisor: keeps the stack's programs running, and stops them in order."""

import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from http.client import HTTPException
from io import StringIO
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from compose.bare.processes import free_port, tail, wait_until
from compose.bare.progress import UserError
from compose.bare.state import ROOT, State, write_private

START_SECONDS = 20
CALL_SECONDS = 10
SIGNS = {"SIGN_HASH": "#", "SIGN_SEMICOLON": ";"}


@dataclass(frozen=True)
class Program:
    name: str
    command: list[str]
    stop_seconds: int
    stop_signal: str = "TERM"
    account: str = ""
    folder: str = str(ROOT)


@dataclass(frozen=True)
class Group:
    """The programs of a group. Groups start in this order, and stop one after the other in the reverse order."""

    name: str
    programs: list[Program]
    starts_at_once: bool


class Supervisor:
    def __init__(self, state: State, groups: list[Group]) -> None:
        self.groups = groups
        self.state = state
        self.port = free_port()
        self.password = state.secret("supervisor")
        self.log = state.logs / "supervisor.log"
        self.early_errors = state.logs / "supervisor.stderr.log"  # its errors before it knows its log file
        self.configuration = state.folder / "supervisor.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, environment: dict[str, str]) -> None:
        write_private(self.configuration, self._configured())
        early_errors = self.early_errors.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(self.configuration)],
            cwd=self.state.folder,
            env=environment | SIGNS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=early_errors,
            start_new_session=True,
        )
        early_errors.close()
        wait_until(self._answers, seconds=START_SECONDS, what="Supervisor", log=self.early_errors)

    def start_group(self, name: str) -> None:
        with self._api() as api:
            api.startProcessGroup(name, False)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def processes(self) -> dict[str, tuple[str, int]]:
        """The state and the process id of each program, by name."""
        with self._api() as api:
            return {info["name"]: (info["statename"], info["pid"]) for info in api.getAllProcessInfo()}

    @contextmanager
    def _api(self) -> Iterator[Any]:
        # The remote call has no timeout of its own.
        socket.setdefaulttimeout(CALL_SECONDS)
        with ServerProxy(f"http://bare:{self.password}@127.0.0.1:{self.port}/RPC2") as server:
            yield server.supervisor

    def _answers(self) -> bool:
        if not self.is_running():
            raise UserError(f"Supervisor did not start:\n{tail(self.early_errors)}")
        try:
            with self._api() as api:
                api.getState()
        except (OSError, HTTPException, Fault):
            return False
        return True

    def _configured(self) -> str:
        parser = RawConfigParser()
        parser.read_dict(self._sections())
        text = StringIO()
        parser.write(text)
        return text.getvalue()

    def _sections(self) -> dict[str, dict[str, str]]:
        sections = {
            "supervisord": {
                # Relative to the state's folder, in which Supervisor runs: it reads these paths more than once, and no
                # escape of a percent sign survives that.
                "logfile": f"logs/{self.log.name}",
                # Not a device such as /dev/null: Supervisor removes the file when it ends, even as root.
                "pidfile": "supervisor.pid",
                "user": getuser(),
            },
            "inet_http_server": {"port": f"127.0.0.1:{self.port}", "username": "bare", "password": self.password},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
            "supervisorctl": {
                "serverurl": f"http://127.0.0.1:{self.port}",
                "username": "bare",
                "password": self.password,
            },
        }
        for priority, group in enumerate(self.groups):
            members = ",".join(program.name for program in group.programs)
            sections[f"group:{group.name}"] = {"programs": members, "priority": str(priority)}
            for program in group.programs:
                sections[f"program:{program.name}"] = self._section(program, starts_at_once=group.starts_at_once)
        return sections

    def _section(self, program: Program, *, starts_at_once: bool) -> dict[str, str]:
        section = {
            "command": literal(shlex.join(program.command)),
            "directory": literal(program.folder),
            "autostart": str(starts_at_once).lower(),
            "autorestart": "true",
            "startretries": "20",  # the programs must survive a server that is down for a few minutes
            "stopsignal": program.stop_signal,
            "stopwaitsecs": str(program.stop_seconds),
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": f"logs/{program.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "2",
        }
        return section | ({"user": program.account} if program.account else {})


def literal(text: str) -> str:
    """Supervisor expands percent signs, and treats the text after a sign of SIGNS as a comment."""
    text = text.replace("%", "%%")
    for name, sign in SIGNS.items():
        text = text.replace(sign, f"%(ENV_{name})s")
    return text


class Watch:
    """Reports programs that ended and were started again."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self._known = supervisor.processes()

    def changes(self) -> list[str]:
        try:
            now = self.supervisor.processes()
        except (OSError, HTTPException, Fault):
            return []  # Supervisor is ending; the caller checks whether it still runs
        lines = [f"{name} is {state.lower()}" for name, (state, pid) in now.items() if self._is_news(name, state, pid)]
        self._known = now
        stamp = time.strftime("%H:%M:%S")
        return [f"  {stamp} {line}, see {self.supervisor.state.logs.name}/" for line in lines]

    def _is_news(self, name: str, state: str, pid: int) -> bool:
        return (state, pid) != self._known.get(name) and state not in {"STARTING", "STOPPING"}
