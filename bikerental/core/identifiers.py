"""Row ids: UUID version 7 (RFC 9562), which grow with time."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(at: datetime | None = None) -> UUID:
    """A new id, by default of the present time. Ids that grow with time are inserted at one end of the index."""
    milliseconds = time.time_ns() // 1_000_000 if at is None else _milliseconds(at)
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
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
