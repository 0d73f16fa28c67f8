"""Row ids: UUID version 7 (RFC 9562), which grow with time."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new id. New rows land side by side in the index, instead of each on a page of its own."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
