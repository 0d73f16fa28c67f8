"""The settings of a measured checkout: its own settings for load, with a clock on password hashes.

`make bench` puts this folder on the path of web and worker, so that older checkouts can use it too.
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

# A few riders ride all the time. Without the limit the worker sends a receipt for each ride.
MESSAGES_PER_ADDRESS_HOUR = 1_000_000

_lock = threading.Lock()
_spent: dict[int, float] = {}  # processor seconds of each process: web forks after importing this


def _clocked(method: Callable[..., Any]) -> Callable[..., Any]:
    """A hash is slow by design, so its time is reported apart from the rest of a log-in."""

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
