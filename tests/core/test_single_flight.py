"""Work that one process of a worker does at a time: real processes, forked as Celery's pool forks its own."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bikerental.core.work.single_flight import SingleFlight
from tests.support.waiting import eventually

fork = multiprocessing.get_context("fork")


def write(file: Path, word: str, _seconds: float = 0) -> None:
    with file.open("a") as log:
        log.write(f"{word}\n")


def words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def started(run: Callable[[], object]) -> "multiprocessing.context.ForkProcess":
    process = fork.Process(target=run)
    process.start()
    return process


def ended(process: "multiprocessing.context.ForkProcess") -> int | None:
    process.join(30)
    return process.exitcode


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def wait_at(gate: Path, log: Path, _seconds: float) -> None:
    write(log, "began")
    assert eventually(gate.exists, 30)


def test_alone_the_work_is_done_once(log: Path) -> None:
    SingleFlight(seconds=20).run(partial(write, log, "work"), again=partial(write, log, "again"))

    assert words(log) == ["work"]


def test_a_call_meanwhile_returns_and_is_made_up_for(log: Path, gate: Path) -> None:
    flight = SingleFlight(seconds=20)
    first = started(lambda: flight.run(partial(wait_at, gate, log), again=partial(write, log, "again")))
    assert eventually(lambda: words(log) == ["began"], 30)

    for _ in range(3):
        second = started(lambda: flight.run(partial(write, log, "second"), again=partial(write, log, "second")))
        assert ended(second) == 0
    assert words(log) == ["began"]
    gate.touch()

    assert ended(first) == 0
    assert words(log) == ["began", "again"]


def test_a_killed_process_lets_go(log: Path, gate: Path) -> None:
    flight = SingleFlight(seconds=20)
    first = started(lambda: flight.run(partial(wait_at, gate, log), again=partial(write, log, "again")))
    assert eventually(lambda: words(log) == ["began"], 30)
    os.kill(first.pid or 0, signal.SIGKILL)
    first.join(30)

    flight.run(partial(write, log, "work"), again=partial(write, log, "again"))

    assert words(log) == ["began", "work"]


def test_an_error_lets_go_as_well(log: Path) -> None:
    flight = SingleFlight(seconds=20)

    with pytest.raises(ZeroDivisionError):
        flight.run(lambda _seconds: 1 / 0, again=partial(write, log, "again"))
    second = started(lambda: flight.run(partial(write, log, "work"), again=partial(write, log, "again")))

    assert ended(second) == 0
    assert words(log) == ["work"]


def test_calls_without_end_do_not_hold_a_task_beyond_its_time(log: Path) -> None:
    flight = SingleFlight(seconds=0.5)
    left: list[float] = []

    def work(seconds: float) -> None:
        left.append(seconds)
        assert ended(started(lambda: flight.run(partial(write, log, "other"), again=partial(write, log, "other")))) == 0
        time.sleep(0.1)

    flight.run(work, again=work)

    assert len(left) > 1
    assert left == sorted(left, reverse=True)
    assert min(left) > 0
    assert words(log) == []


def test_rows_committed_before_a_call_are_worked_on(tmp_path: Path) -> None:
    """Eight processes add rows and call. Whoever works takes all rows that it sees, and in the end none is left."""
    flight, rows, done = SingleFlight(seconds=60), tmp_path / "rows", tmp_path / "done"
    rows.mkdir()
    done.mkdir()

    def work(_seconds: float) -> None:
        for row in list(rows.iterdir()):
            row.rename(done / row.name)

    def call(name: int) -> None:
        for number in range(200):
            (rows / f"{name}-{number}").touch()
            flight.run(work, again=work)

    processes = [started(partial(call, name)) for name in range(8)]

    assert [ended(process) for process in processes] == [0] * 8
    assert list(rows.iterdir()) == []
    assert len(list(done.iterdir())) == 1600
