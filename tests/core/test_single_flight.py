"""Work that one process of a worker does at a time: real processes, forked as Celery's pool forks its own."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import bikerental.maintenance.tasks as photos
import bikerental.notifications.tasks as mailing
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


def again_to(log: Path, *more: bool) -> Callable[[float], bool]:
    """What `again` may be: it says that there is more as often as `more` does, then that there is none."""
    answers = iter(more)

    def again(_seconds: float) -> bool:
        write(log, "again")
        return next(answers, False)

    return again


def elsewhere(flight: SingleFlight, log: Path) -> None:
    """Call it in another process, to its end."""
    assert ended(started(lambda: flight.run(partial(write, log, "other"), again=again_to(log)))) == 0


def wait_at(gate: Path, log: Path, _seconds: float) -> None:
    write(log, "began")
    assert eventually(gate.exists, 30)


def test_alone_the_work_is_done_once(log: Path) -> None:
    is_left = SingleFlight(seconds=20).run(partial(write, log, "work"), again=again_to(log))

    assert (words(log), is_left) == (["work"], False)


def test_a_call_meanwhile_returns_and_is_made_up_for(log: Path, gate: Path) -> None:
    flight = SingleFlight(seconds=20)
    first = started(lambda: flight.run(partial(wait_at, gate, log), again=again_to(log)))
    assert eventually(lambda: words(log) == ["began"], 30)

    for _ in range(3):
        elsewhere(flight, log)
    assert words(log) == ["began"]
    gate.touch()

    assert ended(first) == 0
    assert words(log) == ["began", "again"]


def test_a_call_between_lock_and_work_is_made_up_for(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flight = SingleFlight(seconds=20)
    enter = flight._enter

    def enter_and_be_called() -> bool:
        is_in = enter()
        monkeypatch.undo()
        elsewhere(flight, log)
        return is_in

    monkeypatch.setattr(flight, "_enter", enter_and_be_called)
    flight.run(partial(write, log, "work"), again=again_to(log))

    assert words(log) == ["work", "again"]


def test_a_request_before_a_call_of_another_is_kept(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first's work and its look at requests a third process comes in, does its own and goes."""
    flight = SingleFlight(seconds=20)
    look = flight._is_requested

    def look_late() -> bool:
        monkeypatch.undo()
        elsewhere(flight, log)
        return look()

    def work(_seconds: float) -> None:
        write(log, "work")
        elsewhere(flight, log)

    monkeypatch.setattr(flight, "_is_requested", look_late)
    flight.run(work, again=again_to(log))

    assert words(log) == ["work", "other", "again"]


def test_a_call_while_the_other_process_ends_does_its_own(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one has looked for requests, but still has the lock."""
    flight = SingleFlight(seconds=20)

    def enter_too_early() -> bool:
        monkeypatch.undo()
        return False

    monkeypatch.setattr(flight, "_enter", enter_too_early)
    flight.run(partial(write, log, "work"), again=again_to(log))

    assert words(log) == ["work", "again"]


def test_a_killed_process_lets_go(log: Path, gate: Path) -> None:
    flight = SingleFlight(seconds=20)
    first = started(lambda: flight.run(partial(wait_at, gate, log), again=again_to(log)))
    assert eventually(lambda: words(log) == ["began"], 30)
    elsewhere(flight, log)
    os.kill(first.pid or 0, signal.SIGKILL)
    first.join(30)

    flight.run(partial(write, log, "work"), again=again_to(log))

    assert words(log) == ["began", "work", "again"]


def test_an_error_lets_go_and_leaves_a_request(log: Path) -> None:
    flight = SingleFlight(seconds=20)

    with pytest.raises(ZeroDivisionError):
        flight.run(lambda _seconds: 1 / 0, again=again_to(log))
    elsewhere(flight, log)

    assert words(log) == ["other", "again"]


def test_an_error_of_requested_work_leaves_a_request(log: Path) -> None:
    flight = SingleFlight(seconds=20)

    with pytest.raises(ZeroDivisionError):
        flight.run(lambda _seconds: elsewhere(flight, log), again=lambda _seconds: bool(1 / 0))
    elsewhere(flight, log)

    assert words(log) == ["other", "again"]


def test_full_batches_are_followed_by_another(log: Path) -> None:
    flight = SingleFlight(seconds=20)

    is_left = flight.run(lambda _seconds: elsewhere(flight, log), again=again_to(log, True, True))

    assert (words(log), is_left) == (["again"] * 3, False)


def test_work_without_end_ends_in_time_and_says_so() -> None:
    flight = SingleFlight(seconds=2)
    left: list[float] = []

    def again(seconds: float) -> bool:
        left.append(seconds)
        time.sleep(0.3)
        return True

    assert flight.run(lambda _seconds: flight._request(True), again=again)

    assert left == sorted(left, reverse=True)
    assert min(left) > 0


def test_work_that_took_too_long_is_continued_by_the_next(log: Path) -> None:
    flight = SingleFlight(seconds=0.1)
    assert flight.run(lambda _seconds: time.sleep(0.2), again=again_to(log))
    flight._seconds = 20  # the next call has its own time

    elsewhere(flight, log)

    assert words(log) == ["other", "again"]


def test_rows_committed_before_a_call_are_worked_on(tmp_path: Path) -> None:
    """Eight processes add rows and call with their own. Those of refused calls are done too, and in the end none is
    left."""
    flight, rows, done = SingleFlight(seconds=60), tmp_path / "rows", tmp_path / "done"
    rows.mkdir()
    done.mkdir()

    def work_on_all(_seconds: float) -> bool:
        for row in list(rows.iterdir()):
            row.rename(done / row.name)
        return False

    def call(name: int) -> None:
        for number in range(200):
            row = rows / f"{name}-{number}"
            row.touch()
            flight.run(partial(work_on, row), again=work_on_all)

    def work_on(row: Path, _seconds: float) -> None:
        if row.exists():
            row.rename(done / row.name)

    processes = [started(partial(call, name)) for name in range(8)]

    assert [ended(process) for process in processes] == [0] * 8
    assert list(rows.iterdir()) == []
    assert len(list(done.iterdir())) == 1600


@pytest.mark.parametrize(
    ("module", "flight", "task", "sweep"),
    [
        (mailing, "_delivery", mailing.deliver_notifications, "sweep_notifications"),
        (mailing, "_delivery", mailing.sweep_notifications, "sweep_notifications"),
        (photos, "_publishing", photos.publish_photos, "sweep_photos"),
        (photos, "_publishing", photos.sweep_photos, "sweep_photos"),
    ],
)
@pytest.mark.django_db
def test_tasks_continue_in_another_when_the_time_is_over(
    module: Any, flight: str, task: Any, sweep: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(getattr(module, sweep), "delay", lambda: calls.append(sweep))
    task(ids=[])
    assert calls == []
    monkeypatch.setattr(module, flight, SingleFlight(seconds=0))

    task(ids=[])

    assert calls == [sweep]
