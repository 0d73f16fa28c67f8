"""Ask a server that may hang, without hanging too."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class NoAnswerError(Exception):
    """No answer came in time, or asking failed."""


class Question(Generic[Answer]):
    """Asks in its own thread, so that the caller does not wait for a server that hangs.

    Several questions run at once. The thread ends by its own timeouts, perhaps after the caller.
    """

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=self._ask, args=(ask,), name="question", daemon=True)
        self._thread.start()

    def _ask(self, ask: Callable[[], Answer]) -> None:
        self._answers.append(ask())

    @property
    def is_open(self) -> bool:
        return self._thread.is_alive()

    def answer_before(self, deadline: float) -> Answer:
        """:param deadline: of `time.monotonic()`
        :raises NoAnswerError: if there is none by then
        """
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if not self._answers:
            raise NoAnswerError
        return self._answers[0]
