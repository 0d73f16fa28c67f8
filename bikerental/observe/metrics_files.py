"""The files in which processes keep their metrics. They survive a full disk.

prometheus_client writes into memory-mapped sparse files. If the disk has no room for a page, the kernel
kills the process (SIGBUS). These files allocate their space first. While there is none, the process
counts in memory, and it writes the file when there is room again.
"""

import logging
import mmap
import os
import time
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger(__name__)

INITIAL_BYTES = 1 << 16
HEAD_BYTES = 8  # the number of bytes in use, and four that are not
ENTRY_BYTES_MORE = 64  # of an entry, beside its key
RETRY_SECONDS = 10.0


class MetricsFile(MmapedDict):
    _f = None  # type: ignore[assignment] # closed once it is mapped: the map has a descriptor of its own
    _retry_at: float | None = None  # while the file lacks room

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self._fname = filename
        file = Path(filename)
        before = file.read_bytes() if file.exists() else b""  # of an earlier process with the same id
        self._capacity = max(INITIAL_BYTES, len(before))
        self._m = mmap.mmap(-1, self._capacity)
        self._m[: len(before)] = before
        self._used = int.from_bytes(self._m[:4], "little") or HEAD_BYTES
        self._m[:4] = self._used.to_bytes(4, "little")
        self._positions = {key: position for key, _, _, position in self._read_all_values()}  # type: ignore[no-untyped-call]
        self._to_file()

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + ENTRY_BYTES_MORE > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call] # comes without types

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if self._retry_at is not None and time.monotonic() > self._retry_at:
            self._to_file()
        super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call] # comes without types

    def _grow(self) -> None:
        grown = mmap.mmap(-1, self._capacity * 2)
        grown[: self._capacity] = self._m[:]
        self._m, self._capacity = grown, self._capacity * 2
        self._to_file()

    def _to_file(self) -> None:
        """Move the metrics from memory to a fully allocated file, if the disk has room for it."""
        new = Path(f"{self._fname}.new")  # so that nobody reads it before it has its head
        try:
            with new.open("w+b") as opened:
                os.posix_fallocate(opened.fileno(), 0, self._capacity)
                file = mmap.mmap(opened.fileno(), self._capacity)
        except OSError as error:
            if self._retry_at is None:
                logger.warning("Figures are counted in memory alone: %s", error.strerror)
            self._retry_at = time.monotonic() + RETRY_SECONDS
            new.unlink(missing_ok=True)
            return
        file[:] = self._m[:]
        new.replace(self._fname)
        self._m, self._retry_at = file, None


values.MmapedDict = MetricsFile  # type: ignore[attr-defined] # where prometheus_client opens its files
