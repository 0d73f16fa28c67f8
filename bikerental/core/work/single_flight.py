"""Some work waits for a server outside, such as a mail server. One process of a worker does it at a time, so the others
stay free for prices, holds and feeds.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile


class SingleFlight:
    """Create it when its module is imported: the processes of a worker are forked afterwards and share it."""

    def __init__(self, *, seconds: float) -> None:
        """:param seconds: a call of `run` begins nothing new after this time"""
        self._seconds = seconds
        with TemporaryFile() as file:
            file.write(b"0")  # whether a run is requested
            file.flush()
            self._file = os.dup(file.fileno())  # open as long as the process lives

    def run(self, work: Callable[[float], object], *, again: Callable[[float], bool]) -> bool:
        """Do the work. If another process of this worker is doing its own, ask it to work on all rows afterwards.

        Both callables get the seconds after which they begin nothing new.

        :param again: works on all rows that wait, those of other calls too. Returns whether there may be more
        :returns: True if the time was over before all rows were done. Then go on in another task
        """
        end = time.monotonic() + self._seconds
        if not self._enter():
            self._request(True)
            if not self._enter():  # the other process may have looked for requests just before
                return False
        with self._working(end) as left:
            work(left)
        while self._is_requested() and self._enter():
            with self._working(end) as left:
                if left <= 0:
                    return True
                self._request(False)
                if again(left):
                    self._request(True)
        return False

    def _enter(self) -> bool:
        try:
            # The lock is the process's, not the file's: forked processes exclude each other, and a killed one lets go.
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def _working(self, end: float) -> Iterator[float]:
        """Yields the seconds that are left. If the work fails or takes longer, a further run is requested."""
        is_done = False
        try:
            yield end - time.monotonic()
            is_done = time.monotonic() <= end
        finally:
            if not is_done:
                self._request(True)
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _request(self, is_requested: bool) -> None:
        os.pwrite(self._file, b"1" if is_requested else b"0", 0)

    def _is_requested(self) -> bool:
        return os.pread(self._file, 1, 0) == b"1"
