"""Waiting for what another thread, process or machine does."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], seconds: float, *, pause: float = 0.2) -> bool:
    """Whether the condition becomes true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(pause)
    return bool(condition())


def wait_until(condition: Callable[[], object], seconds: float, what: str, *, pause: float = 0.1) -> None:
    """Fail if the condition does not become true within the time, and say what did not happen."""
    assert eventually(condition, seconds, pause=pause), f"{what} did not happen within {seconds} s"
