"""Runs a command, and starts it again when a file of the source changes: `reload.py COMMAND...`."""

import signal
import subprocess
import sys
from contextlib import suppress

from watchfiles import watch

SOURCES = ("bikerental", "config")
STOP_SECONDS = 30


def main(command: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = subprocess.Popen(command)
    try:
        with suppress(KeyboardInterrupt):
            # A command that ended, perhaps because of a half-written module, starts again with the next change.
            for _changes in watch(*SOURCES):
                stop(process)
                process = subprocess.Popen(command)
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
