"""What the developer sees while things start. Standard library only: the bootstrap uses it too."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class TroubleError(Exception):
    """What the developer can mend; the text says how and is all that is shown."""


def require_plain_path(folder: Path) -> None:
    """Refuse what splits PATH, what ends a line of a configuration, and what initdb's shell would expand."""
    if found := [sign for sign in (os.pathsep, "\n", '"', "$", "`", "\\") if sign in str(folder)]:
        signs = " or ".join(map(repr, found))
        raise TroubleError(f"PATH or PostgreSQL cannot take {signs} in a path: rename the folder {str(folder)!r}.")


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
