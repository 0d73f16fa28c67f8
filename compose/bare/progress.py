"""Messages for the developer. Standard library only, because the bootstrap uses it too."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """A problem that the developer can solve. Only its text is shown, and the text says how."""


def require_plain_path(folder: Path) -> None:
    """Refuse a path with characters that separate PATH, end a line of a configuration, or are expanded by initdb's
    shell."""
    if found := [sign for sign in (os.pathsep, "\n", '"', "$", "`", "\\") if sign in str(folder)]:
        signs = " or ".join(map(repr, found))
        raise UserError(f"PATH or PostgreSQL does not accept {signs} in a path. Rename the folder {str(folder)!r}.")


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
    """Print at once, also into a pipe. A terminal without the tick's character gets a question mark instead of an
    error."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), end=end, flush=True)
