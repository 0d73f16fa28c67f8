"""A cache of the feed in each web process, and the thread that refreshes it.

A request never waits for PostgreSQL while the process has a copy of the right age. The thread runs while there are
requests for the feed. It also builds the feed if the last build is late, because beat, broker or worker have failed.
"""

import logging
import threading
import time
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone

from bikerental.feeds.constants import (
    BUILD_LATE,
    BUILDING_SECONDS,
    CHECK_SECONDS,
    IDLE_SECONDS,
    STATUS_TTL,
    WAIT_SECONDS,
)
from bikerental.feeds.selectors.built import files_read
from bikerental.feeds.services.building import feed_build
from bikerental.feeds.types import FeedCopy

logger = logging.getLogger(__name__)


class FeedCache:
    """The last copy of the feed. Thread-safe."""

    def __init__(self) -> None:
        self._copy: FeedCopy | None = None
        self._checked_at = float("-inf")  # on the monotonic clock
        self._is_failing = False
        self._is_requested = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def current(self) -> FeedCopy | None:
        """The feed, at most a second old; while the database does not answer, the last copy, or None without one."""
        if self._is_checked:
            return self._copy
        with self._changed:
            self._is_requested = True
            self._changed.notify_all()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
            if not self._is_failing:
                self._changed.wait_for(lambda: self._is_checked, WAIT_SECONDS)
        return self._copy

    @property
    def _is_checked(self) -> bool:
        return time.monotonic() - self._checked_at < CHECK_SECONDS

    def _run(self) -> None:
        try:
            while self._wait_for_request():
                close_old_connections()
                self.refresh()
        finally:
            connection.close()

    def _wait_for_request(self) -> bool:
        """Wait until a request needs a newer copy. False after IDLE_SECONDS without one: then the thread ends."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_requested, IDLE_SECONDS):
                self._thread = None
                return False
            self._is_requested = False
            return True

    def refresh(self) -> None:
        """Read the last build. If it is late, build the feed first."""
        try:
            self._copy = files_read(self._copy) or self._copy
            now = timezone.now()
            if _is_older(self._copy, BUILD_LATE, now):
                if not _is_older(self._copy, timedelta(seconds=STATUS_TTL), now):
                    self._note_checked(for_seconds=BUILDING_SECONDS)
                feed_build(now=now)
                self._copy = files_read(self._copy) or self._copy
            self._is_failing = False
        except (DatabaseError, InterfaceError) as error:
            if not self._is_failing:
                logger.warning("The feed cannot be renewed: %s", type(error).__name__, exc_info=error)
            self._is_failing = True
        except Exception:
            # A bug, or a row that fits no document. The last good copy stays.
            logger.exception("The feed cannot be built")
        self._note_checked()

    def _note_checked(self, *, for_seconds: float = 0.0) -> None:
        with self._changed:
            self._checked_at = time.monotonic() + for_seconds
            self._changed.notify_all()


def _is_older(copy: FeedCopy | None, age: timedelta, now: datetime) -> bool:
    return copy is None or abs(now - copy.built_at) > age


feed_cache = FeedCache()
