"""What the developer sees while things start. Standard library only: the bootstrap uses it too."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TroubleError(Exception):
    """What the developer can mend; the text says how and is all that is shown."""


@contextmanager
def step(title: str) -> Iterator[None]:
    started = time.monotonic()
    mark = "✗"
    say(f"  {title} … ", end="")
    try:
        yield
        mark = "✓"
    finally:
        say(f"{mark} {time.monotonic() - started:.1f} s")


def say(text: str, end: str = "\n") -> None:
    """Print at once, also into a pipe; a terminal without ticks gets question marks instead of a crash."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), end=end, flush=True)
