"""The simulation's time, and its end."""

import time
from threading import Event

ENDING_SECONDS = 30.0  # real ones, for all riders together to end what they began


class StoppedError(Exception):
    """The simulation ends."""


class Clock:
    """:param speed: simulated seconds in a real one"""

    def __init__(self, *, speed: float) -> None:
        self.speed = speed
        self._began = time.monotonic()
        self._stopped = Event()
        self._ends_at = float("inf")

    def stop(self) -> None:
        self._ends_at = min(self._ends_at, time.monotonic() + ENDING_SECONDS)
        self._stopped.set()

    @property
    def ending_seconds(self) -> float:
        """What is left of the time for ending. Negative when it is over."""
        return self._ends_at - time.monotonic()

    @property
    def real_seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def simulated_seconds(self) -> float:
        return self.real_seconds * self.speed

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait for the end, at most these real seconds. Returns whether it came."""
        return self._stopped.wait(seconds)

    def wait(self, simulated: float) -> None:
        """Wait these simulated seconds.

        :raises StoppedError: if the end comes meanwhile
        """
        if self._stopped.wait(simulated / self.speed):
            raise StoppedError

    def back_off(self, seconds: float) -> None:
        """Wait these real seconds before a request is repeated. After the end, one second at most."""
        if self._stopped.wait(seconds):
            time.sleep(min(seconds, 1.0))
