"""Real threads. Those that may use the database have a connection and commits of their own."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Thread
from typing import TypeVar

from django.db import connection

from bikerental.core.errors import Refusal

WAIT_SECONDS = 60
R = TypeVar("R")


def at_once(run: Callable[[int], R], *, times: int) -> list[R]:
    """Call `run(0)`, `run(1)`, … at the same moment; the results in that order. What one raises is raised."""
    barrier = Barrier(times, timeout=WAIT_SECONDS)

    def start(number: int) -> R:
        try:
            barrier.wait()
            return run(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(start, range(times), timeout=WAIT_SECONDS))


def race(*acts: Callable[[], object]) -> Counter[str]:
    """Run all at once; count the outcomes: the name of the refusal, or "done"."""
    return Counter(at_once(lambda number: _outcome(acts[number]), times=len(acts)))


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except Refusal as refusal:
        return type(refusal).__name__
    return "done"


@contextmanager
def meanwhile(act: Callable[[], R]) -> Iterator[Future[R]]:
    """Run it in another thread while the block runs, and wait for it at the end. What it raises is raised."""

    def run() -> R:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        yield future
        future.result(WAIT_SECONDS)


@contextmanager
def until_set(over: Event, *acts: Callable[[], object]) -> Iterator[None]:
    """Run each in a thread of its own while the block runs. Then set the event, which ends them, and wait for them.

    They leave the database alone: their connections would stay open.
    """
    threads = [Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def elsewhere(act: Callable[[], R]) -> R:
    """What it returns in another thread: what others see of a transaction that is open here."""
    with meanwhile(act) as future:
        return future.result(WAIT_SECONDS)
