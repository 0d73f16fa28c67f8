"""What a checkout under measurement serves with: its own settings for load, and a clock on password hashes.

`make bench` puts this folder on the path of web and worker, so that older checkouts run it as well.
"""

import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from tests.load.settings import *  # noqa: F403 - of the checkout

# A few riders ride all the time: the worker does the work of as many receipts as there are rides.
MESSAGES_PER_ADDRESS_HOUR = 1_000_000

_lock = threading.Lock()
_spent: dict[int, float] = {}  # processor seconds, by process: web forks after it has read this


def _clocked(method: Callable[..., Any]) -> Callable[..., Any]:
    """A hash is slow on purpose: the rest of a log-in is told apart from it."""

    def clocked(*values: Any) -> Any:
        started = time.thread_time()
        try:
            return method(*values)
        finally:
            _put_down(time.thread_time() - started)

    return clocked


def _put_down(seconds: float) -> None:
    process = os.getpid()
    with _lock:
        _spent[process] = _spent.get(process, 0.0) + seconds
        path = Path(os.environ["BENCH_HASHES"], str(process))
        path.with_suffix(".new").write_bytes(struct.pack("d", _spent[process]))
        path.with_suffix(".new").rename(path)


for name in ("encode", "verify"):
    setattr(Argon2PasswordHasher, name, _clocked(getattr(Argon2PasswordHasher, name)))
