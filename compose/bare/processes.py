"""Runs programs, waits for them, and ends the processes that a stack left behind."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from compose.bare.progress import UserError
from compose.bare.state import MARK, ROOT, State

INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TAIL_LINES = 15
SERVERS = {"postgres", "redis-server"}
SERVER_PORTS = range(11_000, 32_768)  # Linux and macOS take the ports of outgoing connections from above
# Supervisor stops its programs group by group. Each has its own limit in supervision.py.
SUPERVISOR_SECONDS = 120
PROGRAM_SECONDS = 40
SERVER_SECONDS = 30


def run_logged(command: list[str], *, log: Path, environment: dict[str, str], seconds: int) -> None:
    """Run the command to its end. Its log is shown only if it fails."""
    with started_logged(command, log=log, environment=environment, seconds=seconds) as finish:
        finish()


@contextmanager
def started_logged(
    command: list[str], *, log: Path, environment: dict[str, str], seconds: int
) -> Iterator[Callable[[], None]]:
    """Start the command. Calling the value waits for its end. If the body ends earlier, the command is killed."""
    # In a session of its own: a Ctrl-C then reaches only the runner, which ends everything in order.
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield partial(_finish, process, log, seconds)
    finally:
        process.kill()
        process.wait()


def _finish(process: "subprocess.Popen[bytes]", log: Path, seconds: int) -> None:
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"`{log.stem}` took longer than {seconds} s:\n{tail(log)}") from error
    if code:
        raise UserError(f"`{log.stem}` failed:\n{tail(log)}")


def tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise UserError(f"{what} did not come within {seconds:.0f} s; the end of {log}:\n{tail(log)}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that no program uses, and that no outgoing connection takes before a server is started on it."""
    for port in random.SystemRandom().sample(SERVER_PORTS, 50):
        with socket.socket() as candidate, suppress(OSError):
            candidate.bind(("", port))
            return port
    raise UserError(f"No port of {SERVER_PORTS.start} to {SERVER_PORTS.stop - 1} is free.")


def require_free_port(port: int, variable: str) -> None:
    with socket.socket() as candidate:
        # With this, a connection that has just been closed does not count as a process that uses the port.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            message = f"Port {port} is in use. `{variable}={port + 1} make run` uses another."
            raise UserError(message) from None


def leftovers(state: State) -> list[psutil.Process]:
    """Every living process with the stack's mark, except this one."""
    return [each for each in psutil.process_iter() if each.pid != os.getpid() and _is_of(state, each)]


def _is_of(state: State, process: psutil.Process) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        try:
            return str(state.folder) in process.environ().get(MARK, "").split(os.pathsep)
        except psutil.AccessDenied:
            # In most containers root cannot read the environment of another account's process, such as PostgreSQL's.
            # The command line is readable. PostgreSQL's children end with it.
            return _data_folder(process) == (state.folder / "postgres" / "data").resolve()
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def _data_folder(process: psutil.Process) -> Path | None:
    command = process.cmdline()
    return Path(command[command.index("-D") + 1]).resolve() if "-D" in command[1:-1] else None


def end_leftovers(state: State) -> None:
    """End the stack's processes with their own signals, clients of a server before the server.

    Supervisor ends first: it knows how to stop its programs, and would otherwise start them again.
    """
    _end(lambda: [process for process in leftovers(state) if _is_supervisor(process)], SUPERVISOR_SECONDS)
    _end(lambda: [process for process in leftovers(state) if _name(process) not in SERVERS], PROGRAM_SECONDS)
    _end(lambda: leftovers(state), SERVER_SECONDS)


def _end(find: Callable[[], list[psutil.Process]], seconds: float) -> None:
    for process in _parents(find()):
        # INT asks PostgreSQL for a fast shutdown. After TERM it would wait for its clients.
        _send(process, signal.SIGINT if _name(process) == "postgres" else signal.SIGTERM)
    if not _gone(find, seconds):
        for process in find():
            _send(process, signal.SIGKILL)
        _gone(find, seconds)


def _gone(find: Callable[[], list[psutil.Process]], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while find():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _parents(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes that no other process in the list will end."""
    pids = {process.pid for process in processes}
    return [process for process in processes if _parent_of(process) not in pids]


def _parent_of(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        return "supervisor.supervisord" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
