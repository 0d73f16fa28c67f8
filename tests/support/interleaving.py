"""Runs two transactions in a chosen order: the second one starts while the first one holds its lock."""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import connection

from bikerental.core.errors import Refusal

WAIT_SECONDS = 20


class Interleaved(NamedTuple):
    """`waited`: the second one waited in PostgreSQL for the first one's lock."""

    first: object
    second: object
    waited: bool


def interleave(
    monkeypatch: pytest.MonkeyPatch, lock: str, *, first: Callable[[], object], second: Callable[[], object]
) -> Interleaved:
    """Stop `first` right after it took `lock` ("module.function"), and let `second` run until it waits or ends.

    The outcomes are the return values, or the names of the refusals.
    """
    holds, may_go_on = threading.Event(), threading.Event()
    original = find(lock)
    threads: list[Runner] = []

    def lock_and_stop(*args: Any, **kwargs: Any) -> Any:
        locked = original(*args, **kwargs)
        if threading.current_thread() is threads[0]:
            holds.set()
            assert may_go_on.wait(WAIT_SECONDS)
        return locked

    monkeypatch.setattr(lock, lock_and_stop)
    threads = [Runner(first), Runner(second)]
    threads[0].start()
    assert holds.wait(WAIT_SECONDS), threads[0].outcome
    threads[1].start()
    waited = until_it_waits(threads[1])
    may_go_on.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
        if isinstance(thread.outcome, BaseException):
            raise thread.outcome
    return Interleaved(threads[0].outcome, threads[1].outcome, waited)


class Runner(threading.Thread):
    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.act = act
        self.outcome: object = None
        self.backend = 0

    def run(self) -> None:
        try:
            connection.ensure_connection()
            self.backend = connection.connection.info.backend_pid
            self.outcome = self.act()
        except Refusal as refusal:
            self.outcome = type(refusal).__name__
        except BaseException as bug:  # noqa: BLE001 - raised again in the test's own thread
            self.outcome = bug
        finally:
            connection.close()


def until_it_waits(runner: Runner) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and runner.is_alive():
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [runner.backend])
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.01)
    return False


def find(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(__import__(module, fromlist=[name]), name)
