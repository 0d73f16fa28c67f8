"""The faults. Each causes a failure, keeps it up for `seconds` if it lasts, and repairs it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil
import psycopg2

from compose.bare.processes import free_port
from tests.faults.stack import RunningStack, serves
from tests.support.processes import send
from tests.support.waiting import eventually

Fault = Callable[[RunningStack, list[str], float], None]


def nothing(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    time.sleep(seconds)


def pool_child_killed(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.children("worker")[0].kill()


def worker_killed(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    everybody = [*stack.children("worker"), stack.process("worker")]
    send(everybody, signal.SIGKILL)


def worker_terminated(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.process("worker").terminate()


def web_process_killed(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.children("web")[0].kill()


def web_killed(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    send([stack.process("web"), *stack.children("web")], signal.SIGKILL)


def web_terminated(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.process("web").terminate()


def redis_stopped(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.supervise("stopProcess", "servers:redis")
    time.sleep(seconds)
    stack.supervise("startProcess", "servers:redis")


def redis_paused(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    redis = stack.process("redis")
    paused([redis], max(seconds, 7))  # longer than every timeout of the publisher


def redis_restarted(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.process("redis").kill()


def redis_flushed(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    with stack.redis() as redis:
        redis.flushall()


def redis_full(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    with stack.redis() as redis:
        before = redis.config_get("maxmemory")["maxmemory"]
        redis.config_set("maxmemory", 1)
        time.sleep(seconds)
        redis.config_set("maxmemory", before)


def postgresql_restarted(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    stack.process("postgres").send_signal(signal.SIGINT)


def postgresql_paused(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    # First stop the server from starting another backend.
    server = stack.process("postgres")
    server.suspend()
    paused([server, *stack.children("postgres")], 10)


def postgresql_out_of_connections(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    """Take every connection, also those that get free again. The application's connections are ended."""
    taken: list[psycopg2.extensions.connection] = []
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            take_all(stack, taken)
            with taken[0].cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bikerental'"
                )
    finally:
        for each in taken:
            each.close()


def take_all(stack: RunningStack, taken: list["psycopg2.extensions.connection"]) -> None:
    for _ in range(300):
        try:
            connection = psycopg2.connect(stack.environment["DATABASE_URL"], connect_timeout=5)
        except psycopg2.OperationalError:
            return
        connection.autocommit = True
        taken.append(connection)


def two_beats(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    beat = [sys.executable, "-m", "celery", "--app", "config.celery_app", "beat", "--pidfile", ""]
    with stack.beside(*beat, name="second-beat") as second:
        time.sleep(seconds + 6)  # the process needs a few seconds to start
        assert second.poll() is None, (stack.state.logs / "second-beat.log").read_text()


def clock_off_by_an_hour(stack: RunningStack, addresses: list[str], seconds: float) -> None:
    """Start another web process with a clock an hour ahead. Riders rent at one process and return at the other."""
    port = free_port()
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application", "--workers", "1"]
    ahead = ["faketime", "-f", "+1h", *web, "--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "8"]
    address = f"http://127.0.0.1:{port}"
    with stack.beside(*ahead, name="web-ahead"):
        assert eventually(lambda: serves(address), 40), (stack.state.logs / "web-ahead.log").read_text()
        addresses.append(address)
        time.sleep(seconds)
        addresses.remove(address)
        time.sleep(1)


def has_faketime() -> bool:
    """Whether faketime is installed. It is installed if we are root: unlike the suite's other tools, it is not a
    wheel."""
    if shutil.which("faketime") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "--yes", "--quiet", "faketime"]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, check=False, timeout=60, capture_output=True)
    return shutil.which("faketime") is not None


def paused(processes: Sequence[psutil.Process], seconds: float) -> None:
    send(processes, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        send(processes, signal.SIGCONT)


FAULTS: dict[str, Fault] = {
    "none": nothing,
    "pool child killed": pool_child_killed,
    "worker killed": worker_killed,
    "worker terminated": worker_terminated,
    "web process killed": web_process_killed,
    "web killed": web_killed,
    "web terminated": web_terminated,
    "Redis stopped": redis_stopped,
    "Redis paused": redis_paused,
    "Redis restarted": redis_restarted,
    "Redis flushed": redis_flushed,
    "Redis full": redis_full,
    "PostgreSQL restarted": postgresql_restarted,
    "PostgreSQL paused 10 s": postgresql_paused,
    "PostgreSQL out of connections": postgresql_out_of_connections,
    "two beats": two_beats,
    "clock ahead by an hour": clock_off_by_an_hour,
}
