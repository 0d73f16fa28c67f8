"""Enqueueing: after the commit, in batches, and without delaying the client."""

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from bikerental.core.context import request_id_var, traceparent_var
from bikerental.core.work import enqueueing
from bikerental.core.work.enqueueing import Note, Publisher, enqueue_after_commit
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_return
from tests.factories import NOON, make_rental
from tests.live import ROOT
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


TASK = "tests.recording"
WAIT_SECONDS = 10


class Broker:
    """A fake Celery app. It records what it is given to send, and raises an error for some tasks."""

    def __init__(self) -> None:
        self.errors: dict[str, Exception] = {}
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send_task(self, task: str, **message: Any) -> None:
        if error := self.errors.get(task):
            raise error
        self.sent.append((task, message))

    def rows(self, task: str = TASK) -> list[list[str]]:
        return [message["kwargs"]["ids"] for name, message in self.sent if name == task]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(enqueueing, "current_app", broker)
    return broker


@pytest.fixture
def publisher(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    publisher = Publisher()
    monkeypatch.setattr(enqueueing, "publisher", publisher)
    yield publisher
    assert publisher.flush()


def test_rows_committed_together_share_a_message(publisher: Publisher, broker: Broker) -> None:
    ids = [uuid4(), uuid4()]

    with transaction.atomic():
        for row_id in ids:
            enqueue_after_commit(TASK, row_id=row_id)

    assert publisher.flush()
    assert broker.rows() == [[str(row_id) for row_id in ids]]


def test_rows_that_come_while_the_first_waits_go_together(publisher: Publisher, broker: Broker) -> None:
    publisher.add(Note(TASK, "1", "", gather_seconds=0.2))
    time.sleep(0.1)
    publisher.add(Note(TASK, "2", "", gather_seconds=0.2))

    assert broker.rows() == []
    assert eventually(lambda: broker.rows() == [["1", "2"]], WAIT_SECONDS, pause=0.01)


def test_a_long_gathering_does_not_delay_other_tasks(publisher: Publisher, broker: Broker) -> None:
    publisher.add(Note("tests.patient", "1", "", gather_seconds=30))
    publisher.add(Note("tests.hasty", "2", "", gather_seconds=0))

    assert eventually(lambda: broker.rows("tests.hasty") == [["2"]], WAIT_SECONDS, pause=0.01)
    assert broker.rows("tests.patient") == []


def test_a_process_that_ends_gathers_no_longer(publisher: Publisher, broker: Broker) -> None:
    publisher.add(Note(TASK, "1", "", gather_seconds=30))

    assert publisher.flush()

    assert broker.rows() == [["1"]]


def test_rides_that_end_together_are_settled_together(publisher: Publisher, broker: Broker) -> None:
    rentals = [make_rental(), make_rental()]

    for rental in rentals:
        rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON)
        time.sleep(0.2)

    assert publisher.flush()
    assert broker.rows("bikerental.rentals.tasks.settle_rentals") == [[str(rental.pk) for rental in rentals]]


def test_many_rows_are_sent_in_several_messages(publisher: Publisher, broker: Broker) -> None:
    for number in range(250):
        publisher.add(Note(TASK, str(number), "", gather_seconds=30))

    assert publisher.flush()

    assert [len(ids) for ids in broker.rows()] == [100, 100, 50]


def test_a_rollback_sends_no_message(publisher: Publisher, broker: Broker) -> None:
    with transaction.atomic():
        enqueue_after_commit(TASK, row_id=uuid4())
        transaction.set_rollback(True)

    assert publisher.flush()
    assert broker.rows() == []


def test_the_request_id_travels_with_the_message(publisher: Publisher, broker: Broker) -> None:
    token = request_id_var.set("phone-7")

    with transaction.atomic():
        enqueue_after_commit(TASK, row_id=uuid4())
    request_id_var.reset(token)

    assert publisher.flush()
    assert broker.sent[0][1]["headers"] == {"request_id": "phone-7"}


def test_each_span_that_caused_a_message_travels_with_it_once(publisher: Publisher, broker: Broker) -> None:
    with transaction.atomic():
        for cause in ("00-a", "00-b", "00-a"):
            token = traceparent_var.set(cause)
            enqueue_after_commit(TASK, row_id=uuid4())
            traceparent_var.reset(token)

    assert publisher.flush()
    assert broker.sent[0][1]["headers"] == {"request_id": "", "traceparents": ["00-a", "00-b"]}


def test_a_refusal_by_the_broker_is_logged_and_the_next_tried(
    publisher: Publisher, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.errors["tests.refused"] = OperationalError("away")

    publisher.add(Note("tests.refused", "1", ""))
    assert publisher.flush()
    publisher.add(Note(TASK, "2", ""))
    assert publisher.flush()

    assert "the sweep finds them" in caplog.text
    assert broker.rows() == [["2"]]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_publisher_that_died_of_a_bug_is_replaced(publisher: Publisher, broker: Broker) -> None:
    broker.errors["tests.broken"] = ZeroDivisionError()
    publisher.add(Note("tests.broken", "1", ""))
    assert publisher._thread
    publisher._thread.join(5)

    publisher.add(Note(TASK, "2", ""))

    assert publisher.flush()
    assert broker.rows() == [["2"]]


def test_notes_beyond_the_limit_are_left_to_the_sweep(
    monkeypatch: pytest.MonkeyPatch, publisher: Publisher, broker: Broker
) -> None:
    monkeypatch.setattr(enqueueing, "NOTES_MAX", 2)
    for number in range(5):
        publisher.add(Note(TASK, str(number), ""))

    assert publisher.flush()
    assert broker.rows() == [["0", "1"]]


FORKING = """
import os, sys, time
from bikerental.core.work import enqueueing
from bikerental.core.work.enqueueing import Note, Publisher

class Broker:
    def send_task(self, task, *, kwargs, headers):
        print(who, *kwargs["ids"], flush=True)

enqueueing.current_app = Broker()

who = "parent"
publisher = Publisher()
publisher.add(Note("tests.printing", "1", "", gather_seconds=30))
while not publisher._wake._waiters:  # else the child may inherit a lock that nobody opens
    time.sleep(0.01)
child = os.fork()
if not child:
    who = "child"
    publisher.add(Note("tests.printing", "2", ""))
    os._exit(not publisher.flush())
_, status = os.waitpid(child, 0)
sys.exit(status or not publisher.flush())
"""


def test_after_a_fork_the_child_sends_its_own_notes_alone() -> None:
    command = [sys.executable, "-c", FORKING]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, sorted(ended.stdout.splitlines())) == (0, ["child 2", "parent 1"]), ended.stderr


def test_a_failed_enqueueing_fails_no_ride_and_no_other_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_rental()
    called: list[str] = []

    def explode(self: Publisher, note: Note) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Publisher, "add", explode)

    with transaction.atomic():
        rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=NOON)
        transaction.on_commit(partial(called.append, "another"))

    assert called == ["another"]
    assert Rental.objects.get().status == "returned"
