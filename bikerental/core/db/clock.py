"""The time by the database's clock, which all hosts share.

The clocks of two hosts may differ. A ride that began on one and ended on the other would be too short or too long. So
each process notes the database's time when it opens a connection, and counts on from there with its monotonic clock,
which nobody sets. A request costs no further statement.
"""

import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

DRIFT_SECONDS = 60.0  # keep a more exact reading for this long, even if newer ones arrive


class _Reading(NamedTuple):
    now: datetime  # by the database's clock
    at: float  # by the monotonic clock
    uncertainty: float  # seconds: how long the answer took


_reading: _Reading | None = None


def clock_record(now: datetime, *, asked: float, answered: float) -> None:
    """Store the database's time, which was read between `asked` and `answered`, times of the monotonic clock."""
    global _reading  # noqa: PLW0603 - one for the process; replaced as a whole, so threads need no lock
    uncertainty = answered - asked
    if _reading is None or uncertainty <= _reading.uncertainty or answered - _reading.at > DRIFT_SECONDS:
        _reading = _Reading(now, (asked + answered) / 2, uncertainty)


def database_now() -> datetime:
    """The time for what riders pay for."""
    if _reading is None:
        connection.ensure_connection()
    assert _reading is not None  # noqa: S101 - every new connection notes it
    return _reading.now + timedelta(seconds=time.monotonic() - _reading.at)
