"""Runs a command, and starts it again when a file of the source changes: `reload.py COMMAND...`.

`reload.py --spare COMMAND...` is for ready.py: a second process waits to take the place of the first.
"""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from watchfiles import watch

SOURCES = ("bikerental", "config")
STOP_SECONDS = 30


class Spare:
    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process = self._make()

    def _make(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, stdin=subprocess.PIPE)

    def take(self) -> "subprocess.Popen[bytes]":
        taken = self._process
        if taken.stdin:
            with taken.stdin as line:
                line.write(b"go\n")
        self._process = self._make()
        return taken


def main(start: "Callable[[], subprocess.Popen[bytes]]") -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = start()
    try:
        with suppress(KeyboardInterrupt):
            # A command that ended, perhaps because of a half-written module, starts again with the next change.
            for _changes in watch(*SOURCES):
                stop(process)
                process = start()
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    command = sys.argv[1:]
    main(Spare(command[1:]).take if command[0] == "--spare" else lambda: subprocess.Popen(command))
