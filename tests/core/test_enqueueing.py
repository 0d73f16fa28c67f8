"""Telling the broker: after the commit, in batches, and never at the client's expense."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from bikerental.core.context import request_id_var
from bikerental.core.work import enqueueing
from bikerental.core.work.enqueueing import Note, Publisher, enqueue_after_commit
from bikerental.rentals import tasks
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_return
from tests.factories import NOON, make_rental
from tests.live import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


class RecordingTask:
    """Stands for a Celery task: what it was sent, or the broker's refusal."""

    name = "tests.recording"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[dict[str, Any]] = []

    def apply_async(self, **message: Any) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(message)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    publisher = Publisher()
    monkeypatch.setattr(enqueueing, "publisher", publisher)
    yield publisher
    assert publisher.flush()


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def rows(task: RecordingTask) -> list[list[str]]:
    return [message["kwargs"]["ids"] for message in task.sent]


def test_rows_that_commit_together_travel_together(publisher: Publisher) -> None:
    task, ids = RecordingTask(), [uuid4(), uuid4()]

    with transaction.atomic():
        for row_id in ids:
            enqueue_after_commit(task, row_id=row_id)

    assert publisher.flush()
    assert rows(task) == [[str(row_id) for row_id in ids]]


def test_rows_travel_together_that_come_while_the_first_one_waits(publisher: Publisher) -> None:
    task = RecordingTask()

    publisher.put(Note(task, "1", "", gather_seconds=0.2))
    time.sleep(0.1)
    publisher.put(Note(task, "2", "", gather_seconds=0.2))

    assert rows(task) == []
    assert until(lambda: rows(task) == [["1", "2"]])


def test_a_task_that_gathers_long_keeps_no_other_waiting(publisher: Publisher) -> None:
    patient, hasty = RecordingTask(), RecordingTask()
    patient.name = "tests.patient"

    publisher.put(Note(patient, "1", "", gather_seconds=30))
    publisher.put(Note(hasty, "2", "", gather_seconds=0))

    assert until(lambda: rows(hasty) == [["2"]])
    assert rows(patient) == []


def test_a_process_that_ends_gathers_no_longer(publisher: Publisher) -> None:
    task = RecordingTask()
    publisher.put(Note(task, "1", "", gather_seconds=30))

    assert publisher.flush()

    assert rows(task) == [["1"]]


def test_rides_that_end_within_half_a_second_are_settled_together(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[str]] = []
    monkeypatch.setattr(tasks.settle_rentals, "apply_async", lambda **message: sent.append(message["kwargs"]["ids"]))
    rentals = [make_rental(), make_rental()]

    for rental in rentals:
        rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON)
        time.sleep(0.2)

    assert publisher.flush()
    assert sent == [[str(rental.pk) for rental in rentals]]


def test_a_large_crowd_travels_in_several_messages(publisher: Publisher) -> None:
    task = RecordingTask()
    for number in range(250):
        publisher.put(Note(task, str(number), "", gather_seconds=30))

    assert publisher.flush()

    assert [len(ids) for ids in rows(task)] == [100, 100, 50]


def test_nothing_is_told_of_what_did_not_commit(publisher: Publisher) -> None:
    task = RecordingTask()

    with transaction.atomic():
        enqueue_after_commit(task, row_id=uuid4())
        transaction.set_rollback(True)

    assert publisher.flush()
    assert rows(task) == []


def test_the_request_id_travels_with_the_message(publisher: Publisher) -> None:
    task = RecordingTask()
    token = request_id_var.set("phone-7")

    with transaction.atomic():
        enqueue_after_commit(task, row_id=uuid4())
    request_id_var.reset(token)

    assert publisher.flush()
    assert task.sent[0]["headers"] == {"request_id": "phone-7"}


def test_a_broker_that_refuses_is_logged_and_the_next_note_is_tried(
    publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    refusing, working = RecordingTask(OperationalError("away")), RecordingTask()

    publisher.put(Note(refusing, "1", ""))
    assert publisher.flush()
    publisher.put(Note(working, "2", ""))
    assert publisher.flush()

    assert "the sweep finds them" in caplog.text
    assert rows(working) == [["2"]]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_publisher_that_died_of_a_bug_is_replaced(publisher: Publisher) -> None:
    broken, working = RecordingTask(ZeroDivisionError()), RecordingTask()
    publisher.put(Note(broken, "1", ""))
    assert publisher._thread
    publisher._thread.join(5)

    publisher.put(Note(working, "2", ""))

    assert publisher.flush()
    assert rows(working) == [["2"]]


def test_notes_beyond_the_limit_are_left_to_the_sweep(monkeypatch: pytest.MonkeyPatch, publisher: Publisher) -> None:
    monkeypatch.setattr(enqueueing, "NOTES_LIMIT", 2)
    task = RecordingTask()

    for number in range(5):
        publisher.put(Note(task, str(number), ""))

    assert publisher.flush()
    assert rows(task) == [["0", "1"]]


FORKING = """
import os, sys, time
from bikerental.core.work.enqueueing import Note, Publisher

class Task:
    name = "tests.printing"
    def apply_async(self, *, kwargs, headers):
        print(who, *kwargs["ids"], flush=True)

who = "parent"
publisher = Publisher()
publisher.put(Note(Task(), "1", "", gather_seconds=30))
while not publisher._wake._waiters:  # else the child may inherit a lock that nobody opens
    time.sleep(0.01)
child = os.fork()
if not child:
    who = "child"
    publisher.put(Note(Task(), "2", ""))
    os._exit(not publisher.flush())
_, status = os.waitpid(child, 0)
sys.exit(status or not publisher.flush())
"""


def test_after_a_fork_the_child_sends_its_own_notes_alone() -> None:
    command = [sys.executable, "-c", FORKING]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, sorted(ended.stdout.splitlines())) == (0, ["child 2", "parent 1"]), ended.stderr


def test_a_failure_to_tell_neither_fails_the_ride_nor_silences_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_rental()
    called: list[str] = []

    def explode(self: Publisher, note: Note) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Publisher, "put", explode)

    with transaction.atomic():
        rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON)
        transaction.on_commit(partial(called.append, "another"))

    assert called == ["another"]
    assert Rental.objects.get().status == "returned"
