"""Runs a command, and restarts it when the source changes: `reload.py COMMAND...`."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

SOURCES = ("bikerental", "config")
STOP_SECONDS = 30


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, leave)
    while True:
        before = newest()
        process = subprocess.Popen(command)
        try:
            while newest() == before and process.poll() is None:
                time.sleep(1)
            if process.poll() is not None:
                # The command ended, perhaps because of a half-written module: wait for the next change.
                while newest() == before:
                    time.sleep(1)
        finally:
            stop(process)


def newest() -> tuple[int, int]:
    """The number of modules, and the time of the last change."""
    times = [path.stat().st_mtime_ns for source in SOURCES for path in Path(source).rglob("*.py")]
    return len(times), max(times)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
