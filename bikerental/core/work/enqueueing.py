"""The fast path from a committed row to the task that works on it.

The row is the outbox: its state says what must still happen, and a sweep finds it if no message was sent. So a
message may be lost, but sending it must not delay a client or turn a committed ride into an error. A request only
leaves a note. A thread in each process sends the notes, many rows in one message.
"""

import logging
import os
import threading
import time
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import Any, NamedTuple
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from bikerental.core.context import request_id_var, traceparent_var

logger = logging.getLogger(__name__)

NOTES_MAX = 10_000  # bounds the memory while the broker hangs; the sweep finds the rest
BATCH_SIZE = 100
# Notes of a task are collected this long before they are sent, so that under load one message has many rows.
# A rider does not notice that a message is a tenth of a second later.
GATHER_SECONDS = 0.1
FLUSH_SECONDS = 3.0


class Note(NamedTuple):
    task: str
    row_id: str
    request_id: str
    gather_seconds: float = GATHER_SECONDS
    traceparent: str = ""


@dataclass
class Gathering:
    """The notes of one task that wait to be sent, and the time of the first."""

    until: float  # on the monotonic clock
    notes: list[Note]


class Publisher:
    """Sends notes to the broker from its own thread, many rows in one message."""

    def __init__(self) -> None:
        self._gatherings: dict[str, Gathering] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._sending = False

    def add(self, note: Note) -> None:
        with self._wake:
            if self._pid != os.getpid():  # the first note here, or the first after a fork
                self._gatherings.clear()  # after a fork, the parent process sends the notes that it had
                # The web server's processes end without running functions registered with atexit.
                Finalize(None, self.flush, exitpriority=1)
                self._start()
            elif self._thread is None or not self._thread.is_alive():  # a bug ended it, and Sentry has the error
                self._start()
            if sum(len(each.notes) for each in self._gatherings.values()) >= NOTES_MAX:
                logger.warning("The broker is too slow: %s waits for the sweep", note.task)
                return
            if gathering := self._gatherings.get(note.task):
                gathering.notes.append(note)
                return
            self._gatherings[note.task] = Gathering(time.monotonic() + note.gather_seconds, [note])
            self._wake.notify_all()

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Send the notes now, and wait until this was tried. False if time ran out."""
        with self._wake:
            for gathering in self._gatherings.values():
                gathering.until = 0.0
            self._wake.notify_all()
            return self._wake.wait_for(lambda: not self._gatherings and not self._sending, timeout)

    def _start(self) -> None:
        self._pid = os.getpid()
        self._sending = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            for notes in self._ready():
                _send(notes)

    def _ready(self) -> list[list[Note]]:
        """Wait until the notes of a task have been gathered long enough. Returns them by task."""
        with self._wake:
            self._sending = False
            self._wake.notify_all()
            while not (ready := [name for name, each in self._gatherings.items() if each.until <= time.monotonic()]):
                first = min((each.until for each in self._gatherings.values()), default=None)
                self._wake.wait(None if first is None else max(0.0, first - time.monotonic()))
            self._sending = True
            return [self._gatherings.pop(name).notes for name in ready]


def _send(notes: list[Note]) -> None:
    task = notes[0].task
    for start in range(0, len(notes), BATCH_SIZE):
        batch = notes[start : start + BATCH_SIZE]
        request_ids = dict.fromkeys(note.request_id for note in batch if note.request_id)
        headers: dict[str, Any] = {"request_id": ",".join(request_ids)}
        if traceparents := dict.fromkeys(note.traceparent for note in batch if note.traceparent):
            headers["traceparents"] = list(traceparents)
        try:
            current_app.send_task(task, kwargs={"ids": [note.row_id for note in batch]}, headers=headers)
        except OperationalError as error:
            logger.warning("The broker refused %d of %s; the sweep finds them: %s", len(batch), task, error)


publisher = Publisher()


def enqueue_after_commit(task: str, *, row_id: UUID | str, gather_seconds: float = GATHER_SECONDS) -> None:
    """Send the row's id to the task after the running transaction has committed.

    `robust`: an error here is logged. It does not reach the client and does not stop other callbacks.

    :param task: its name. A service that imported it would import what imports the service
    :param gather_seconds: how long other rows of the task may still join the first one's message
    """
    note = Note(task, str(row_id), request_id_var.get(), gather_seconds, traceparent_var.get())
    # Not a partial: Django logs the name of a failed robust callback, and a partial has no name.
    transaction.on_commit(lambda: publisher.add(note), robust=True)
