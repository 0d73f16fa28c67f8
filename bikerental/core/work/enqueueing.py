"""The fast path from a committed row to the task that looks at it.

The row is the outbox: its state says that something must still happen, and a sweep finds it
when nobody told. Telling is therefore allowed to fail, but never to make a client wait or to turn
a committed ride into an error. A thread in each process does it: the request leaves a note and
goes on, whether the broker answers, refuses or hangs. Notes that wait together travel together.
"""

import logging
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from multiprocessing.util import Finalize
from typing import Any, NamedTuple
from uuid import UUID

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

from bikerental.core.context import request_id_var

logger = logging.getLogger(__name__)

NOTES_LIMIT = 10_000  # a broker that hangs must not fill the memory; the sweep finds the rest
BATCH_SIZE = 100
# Notes gather this long before they are sent: under load one message then carries many rows, and
# a rider does not notice that the receipt was begun a tenth of a second later.
GATHER_SECONDS = 0.1
FLUSH_SECONDS = 3.0


class Note(NamedTuple):
    task: Task[..., Any]
    row_id: str
    request_id: str


class Publisher:
    """Sends notes to the broker from a thread of its own, many rows in one message."""

    def __init__(self) -> None:
        self._notes: deque[Note] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._sending = False

    def put(self, note: Note) -> None:
        with self._wake:
            if self._pid != os.getpid():  # the first note here, or the first after a fork
                self._notes.clear()  # notes inherited through a fork are the parent's to send
                # The web server's processes end without running what is registered with atexit.
                Finalize(None, self.flush, exitpriority=1)
                self._start()
            elif self._thread is None or not self._thread.is_alive():  # it met a bug, which Sentry has
                self._start()
            if len(self._notes) >= NOTES_LIMIT:
                logger.warning("The broker is too slow: %s waits for the sweep", note.task.name)
                return
            self._notes.append(note)
            self._wake.notify_all()

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Wait until every note was tried; false when time ran out."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._notes and not self._sending, timeout)

    def _start(self) -> None:
        self._pid = os.getpid()
        self._sending = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._sending = False
                self._wake.notify_all()
                self._wake.wait_for(lambda: bool(self._notes))
                self._sending = True
            time.sleep(GATHER_SECONDS)
            with self._wake:
                notes = list(self._notes)
                self._notes.clear()
            self._send(notes)

    def _send(self, notes: list[Note]) -> None:
        for task, batch in _batches(notes):
            try:
                task.apply_async(
                    kwargs={"ids": [note.row_id for note in batch]},
                    headers={
                        "request_id": ",".join(dict.fromkeys(note.request_id for note in batch if note.request_id))
                    },
                )
            except OperationalError as error:
                logger.warning("The broker refused %d of %s; the sweep finds them: %s", len(batch), task.name, error)


def _batches(notes: list[Note]) -> Iterator[tuple[Task[..., Any], list[Note]]]:
    by_task: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        by_task[note.task.name].append(note)
    for group in by_task.values():
        for start in range(0, len(group), BATCH_SIZE):
            yield group[0].task, group[start : start + BATCH_SIZE]


publisher = Publisher()


def enqueue_after_commit(task: Any, *, row_id: UUID | str) -> None:
    """Have the task look at the row once the running transaction has committed.

    `robust`: what goes wrong here is logged and neither reaches the client nor keeps other
    callbacks from running.
    """
    note = Note(task=task, row_id=str(row_id), request_id=request_id_var.get())
    # Not a partial: where a robust callback fails Django names it, and a partial has no name.
    transaction.on_commit(lambda: publisher.put(note), robust=True)
