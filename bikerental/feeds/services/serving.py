"""The copy of the feed that each web process keeps, and a thread that renews it.

A request never waits for PostgreSQL while the process has a copy of the right age. The thread lives as long as somebody
asks. It also builds, if nobody else has: then beat, the broker or the worker is away.
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
from bikerental.feeds.types import Copy

logger = logging.getLogger(__name__)


class Served:
    def __init__(self) -> None:
        self._copy: Copy | None = None
        self._checked_at = float("-inf")  # on the monotonic clock
        self._is_failing = False
        self._is_wanted = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def copy(self) -> Copy | None:
        """The feed as of a second ago, or as of the last time that the database answered. None if it never did."""
        if self._is_checked:
            return self._copy
        with self._changed:
            self._is_wanted = True
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
            while self._take_wish():
                close_old_connections()
                self.renew()
        finally:
            connection.close()

    def _take_wish(self) -> bool:
        """Wait until a request wants a newer copy. False if none does for a while: then the thread ends."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_wanted, IDLE_SECONDS):
                self._thread = None
                return False
            self._is_wanted = False
            return True

    def renew(self) -> None:
        """Read the last build, and build if it is late."""
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


def _is_older(copy: Copy | None, age: timedelta, now: datetime) -> bool:
    return copy is None or abs(now - copy.built_at) > age


served = Served()
