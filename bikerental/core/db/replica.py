"""Reads that may be some seconds old, from a streaming replica where one is set.

    found = from_replica(lambda using: bikes_page(filters, page=page, using=using))

The replica is used only while it is known to be no older than DATABASE_REPLICA_LAG_SECONDS. At most once
a second, a process reads the primary's position in the write-ahead log and the position that the
replica has replayed. It compares no clocks: if the primary writes nothing, the replica is not called late, and a
replica that lost its primary is noticed. If anything is wrong with the replica, the primary is read.
"""

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections
from psycopg2 import errorcodes

from bikerental.core.db.transactions import sqlstate

R = TypeVar("R")

REPLICA = "replica"
POLL_SECONDS = 1.0
PRIMARY_ONLY_SECONDS = 10.0
# The replica's own limit for a statement is 2 s (DATABASES in config/settings); this is for one that hangs.
ANSWER_SECONDS = 3.0
WATCH_SECONDS = 0.5
# Replaying the log cancels a read that blocks it. The replica itself is fine.
_CANCELLED = {errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED}
_PRIMARY_POSITION = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
# A promoted replica is another database.
_REPLICA_POSITION = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') WHERE pg_is_in_recovery()"

logger = logging.getLogger(__name__)


def replica_is_set() -> bool:
    return REPLICA in connections.databases


def from_replica(read: Callable[[str], R], *, unless: bool = False) -> R:
    """The result of `read`, which gets the alias of the database to read from.

    This is the primary inside a transaction, if `unless` is true, and while the replica cannot be reached or is too
    far behind. If the replica fails, after 2 s of connecting or 3.5 s of reading, `read` runs again on the primary.
    """
    if not replica_is_set() or unless or connections[DEFAULT_DB_ALIAS].in_atomic_block or not freshness.is_fresh():
        return read(DEFAULT_DB_ALIAS)
    try:
        with deadline.on(REPLICA):
            return read(REPLICA)
    # Any error: the replica may lack a migration, and a bug shows again on the primary.
    except (DatabaseError, InterfaceError) as error:
        if sqlstate(error) not in _CANCELLED:
            freshness.mark_unavailable(error)
    return read(DEFAULT_DB_ALIAS)


class Freshness:
    """Until when the replica is known to be fresh enough, for all threads of this process."""

    def __init__(self) -> None:
        self._polling = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self._positions: deque[tuple[float, Any]] = deque()  # times, and the primary's positions in its log then
        self._fresh_until = self._poll_at = 0.0
        self._was_fresh = False

    def is_fresh(self) -> bool:
        # One thread asks; the others use the last result.
        if time.monotonic() >= self._poll_at and self._polling.acquire(blocking=False):
            try:
                self._poll()
            finally:
                self._polling.release()
        return time.monotonic() < self._fresh_until

    def mark_unavailable(self, error: Exception) -> None:
        """Read from the primary only, for PRIMARY_ONLY_SECONDS."""
        self.reset()
        self._poll_at = time.monotonic() + PRIMARY_ONLY_SECONDS
        connections[REPLICA].close()
        reason = str(error).strip()
        logger.warning("The replica cannot be read, the primary is read for %d s: %s", PRIMARY_ONLY_SECONDS, reason)

    def _poll(self) -> None:
        asked_at = time.monotonic()
        positions = self._positions  # another thread may call `reset` meanwhile
        positions.append((asked_at, _read_position(DEFAULT_DB_ALIAS, _PRIMARY_POSITION)))
        try:
            with deadline.on(REPLICA):
                replayed = _read_position(REPLICA, _REPLICA_POSITION)
        except (DatabaseError, InterfaceError) as error:
            self.mark_unavailable(error)
            return
        lag = settings.DATABASE_REPLICA_LAG_SECONDS
        while positions[0][0] < asked_at - lag:
            positions.popleft()
        for noted_at, position in positions:
            if replayed is not None and position <= replayed:
                self._fresh_until = noted_at + lag
        self._poll_at = time.monotonic() + POLL_SECONDS
        self._log_change(time.monotonic() < self._fresh_until)

    def _log_change(self, is_fresh: bool) -> None:
        if is_fresh and not self._was_fresh:
            logger.info("The replica answers.")
        if self._was_fresh and not is_fresh:
            logger.warning("The replica is more than %d s behind.", settings.DATABASE_REPLICA_LAG_SECONDS)
        self._was_fresh = is_fresh


def _read_position(using: str, sql: str) -> Any:
    connection = connections[using]
    connection.ensure_connection()
    # The driver's own cursor: this runs once a second in a process and belongs to no request's statements.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return row[0] if row else None


class Deadline:
    """Closes the connection of a read that hangs.

    A statement timeout does not help if the server process is stopped, and TCP does not if its kernel
    still answers. The driver would wait forever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._reads: dict[int, float] = {}  # when to cut, by a descriptor of our own

    @contextmanager
    def on(self, using: str) -> Iterator[None]:
        connections[using].ensure_connection()
        # Our copy of the descriptor stays open, so that its number is not reused before we close the connection.
        descriptor = os.dup(connections[using].connection.fileno())
        with self._lock:
            self._reads[descriptor] = time.monotonic() + ANSWER_SECONDS
            if self._watcher is None or not self._watcher.is_alive():  # as after a fork
                self._watcher = threading.Thread(target=self._watch, name="replica", daemon=True)
                self._watcher.start()
        try:
            yield
        finally:
            with self._lock:
                self._reads.pop(descriptor, None)
                os.close(descriptor)

    def _watch(self) -> None:
        while True:
            time.sleep(WATCH_SECONDS)
            with self._lock:
                overdue = [descriptor for descriptor, at in self._reads.items() if at < time.monotonic()]
                for descriptor in overdue:
                    del self._reads[descriptor]
                    _cut(descriptor)


def _cut(descriptor: int) -> None:
    connected = socket.socket(fileno=os.dup(descriptor))
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has broken off by itself
    finally:
        connected.close()


freshness = Freshness()
deadline = Deadline()
