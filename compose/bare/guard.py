"""Cleans up after the runner, also if it was killed.

The guard reads from a pipe whose other end only the runner holds. When the pipe ends, the runner has ended.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from compose.bare.postgresql import remove_data
from compose.bare.processes import INTERRUPTING, PROGRAM_SECONDS, SERVER_SECONDS, SUPERVISOR_SECONDS, end_leftovers
from compose.bare.progress import step
from compose.bare.state import ROOT, State

GUARD_SECONDS = 2 * (SUPERVISOR_SECONDS + PROGRAM_SECONDS + SERVER_SECONDS)


@contextmanager
def guarded(state: State, *, environment: dict[str, str], is_temporary: bool) -> Iterator[None]:
    """At the end, stop every process of the stack. If the stack is temporary, remove its data too."""
    command = [sys.executable, "-m", "compose.bare.guard", str(state.folder)]
    if is_temporary:
        command.append("--remove")
    guard = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        ignore_signals()  # the shutdown has begun and takes a limited time
        with nullcontext() if is_temporary else step("Ending everything"):
            if guard.stdin:
                guard.stdin.close()
            guard.wait(timeout=GUARD_SECONDS)


def ignore_signals() -> None:
    for number in INTERRUPTING:
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    ignore_signals()  # the guard must finish its work before it ends
    state = State(Path(sys.argv[1]))
    sys.stdin.buffer.read()
    end_leftovers(state)
    state.withdraw()
    if "--remove" in sys.argv:
        remove_data(state)


if __name__ == "__main__":
    main()
