"""Row ids: UUID version 7 (RFC 9562), which grow with time."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Numbers(threading.local):
    """Numbers the ids of a millisecond from a random start, so that nobody learns how many there were."""

    milliseconds = -1
    number = 0

    def next(self, milliseconds: int) -> int:
        is_same = milliseconds == self.milliseconds
        self.milliseconds = milliseconds
        # The start is below 2**31, so that the number stays below 2**32.
        self.number = self.number + 1 if is_same else int.from_bytes(os.urandom(4), "big") >> 1
        return self.number


_now, _given = _Numbers(), _Numbers()


def uuid7(at: datetime | None = None) -> UUID:
    """A new id, by default of the present time. Ids that grow with time are inserted at one end of the index.

    The ids that a thread makes in one millisecond sort in the order in which it made them. After 48 bits of time come
    32 of a number and 42 at random.
    """
    if at is None:
        milliseconds = time.time_ns() // 1_000_000
        number = _now.next(milliseconds)
    else:
        milliseconds = _milliseconds(at)
        number = _given.next(milliseconds)
    value = milliseconds << 80 | 0x7 << 76 | number >> 20 << 64
    value |= 0x2 << 62 | number % 2**20 << 42 | int.from_bytes(os.urandom(6), "big") >> 6
    return UUID(int=value)


def uuid_or_none(text: str) -> UUID | None:
    """The id that the text is, in any spelling; None for another text."""
    try:
        return UUID(text)
    except ValueError:
        return None


def first_uuid7(at: datetime) -> UUID:
    """The lower bound of the ids made at this time or later."""
    return UUID(int=_milliseconds(at) << 80)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
