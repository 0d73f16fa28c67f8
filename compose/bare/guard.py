"""Cleans up after the runner, however it ended: also when it was killed outright.

The guard reads from a pipe that only the runner holds. The pipe's end is the runner's end.
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
    """On the way out, end every process of the stack; of a temporary one, remove the data too."""
    command = [sys.executable, "-m", "compose.bare.guard", str(state.folder)]
    if is_temporary:
        command.append("--remove")
    guard = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        ignore_signals()  # the end has begun, and is bounded
        with nullcontext() if is_temporary else step("Ending everything"):
            if guard.stdin:
                guard.stdin.close()
            guard.wait(timeout=GUARD_SECONDS)


def ignore_signals() -> None:
    for number in INTERRUPTING:
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    ignore_signals()  # it ends when its work is done, not before
    state = State(Path(sys.argv[1]))
    sys.stdin.buffer.read()
    end_leftovers(state)
    state.withdraw()
    if "--remove" in sys.argv:
        remove_data(state)


if __name__ == "__main__":
    main()
