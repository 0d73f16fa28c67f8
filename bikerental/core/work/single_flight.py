"""Work that waits for a server outside, such as a mail server. One process of a worker does it at a time, so the others
stay free for prices, holds and feeds.
"""

import fcntl
import os
import time
from collections.abc import Callable
from tempfile import TemporaryFile

Work = Callable[[float], object]  # begins nothing new after this many seconds


class SingleFlight:
    """Create it when its module is imported: the processes of a worker are forked afterwards and share it."""

    def __init__(self, *, seconds: float) -> None:
        """:param seconds: of one call of `run`. After them it begins nothing new"""
        self._seconds = seconds
        with TemporaryFile() as file:
            self._file = os.dup(file.fileno())  # open as long as the process lives

    def run(self, work: Work, *, again: Work) -> None:
        """Do the work. If another process of this worker is doing it, request a further run of that one and return.

        If the time is over before a requested run, the request is dropped: a sweep must find what is left.

        :param again: a requested run. It finds by itself what the other calls were for; they have committed it
        """
        end = time.monotonic() + self._seconds
        while (left := end - time.monotonic()) > 0:
            self._request(True)
            if not self._enter():
                return  # the other process sees the request after its work
            try:
                self._request(False)
                work(left)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
            if not self._is_requested():
                return
            work = again

    def _enter(self) -> bool:
        try:
            # The lock is the process's, not the file's: forked processes exclude each other, and a killed one lets go.
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _request(self, is_requested: bool) -> None:
        os.pwrite(self._file, b"1" if is_requested else b"0", 0)

    def _is_requested(self) -> bool:
        return os.pread(self._file, 1, 0) == b"1"
