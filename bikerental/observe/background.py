"""Calls of a server that may hang, in a thread of their own: the caller waits for a limited time."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class NoResultError(Exception):
    """The call did not end in time, or it failed."""


class BackgroundCall(Generic[Result]):
    """Starts the call at once, in its own thread, so several calls can run at the same time.

    The thread ends by the timeouts of the call itself, perhaps after the caller has stopped waiting.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._results: list[Result] = []
        self._thread = threading.Thread(target=self._run, args=(call,), name="background", daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], Result]) -> None:
        self._results.append(call())

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def result_before(self, deadline: float) -> Result:
        """:param deadline: of `time.monotonic()`
        :raises NoResultError: if there is no result by then
        """
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if not self._results:
            raise NoResultError
        return self._results[0]
