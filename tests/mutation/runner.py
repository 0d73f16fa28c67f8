"""Removes one guard after the other from a copy of the code, and runs the tests that should fail."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.mutation.database import Database
from tests.mutation.entries import Constraint, Entry, EntryError, Guard

LIMIT_SECONDS = 180.0
STOP_SECONDS = 20.0
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--reuse-db", "--no-header", "-p", "no:cacheprovider")
PASSED, FAILED = 0, 1  # pytest's exit codes
_FIRST_FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class Outcome(NamedTuple):
    """`said`: the test that failed, or the reason for another result."""

    verdict: str
    said: str = ""

    @property
    def is_bad(self) -> bool:
        return self.verdict not in ("killed", "excused")


class Runner:
    """:param root: a folder of its own, which is changed; `copied` makes one"""

    def __init__(self, root: Path, database: Database | None, *, limit: float = LIMIT_SECONDS) -> None:
        self.root = root
        self.database = database
        self.limit = limit

    def require_green(self, entries: Sequence[Entry], *, limit: float) -> None:
        """Run the tests of all entries with every guard in place: a test that always fails proves nothing.

        :raises EntryError: with pytest's output
        """
        if self.database:
            self.database.renew()
        tests = list(dict.fromkeys(test for entry in entries for test in entry.tests))
        code, output = self._pytest(tests, limit=limit, keeps_bytecode=True)
        if code != PASSED:
            raise EntryError(f"The tests do not pass while every guard is in place:\n{output[-4000:]}")

    def run(self, entry: Entry) -> Outcome:
        try:
            with self._without(entry):
                code, output = self._pytest(entry.tests, limit=self.limit)
        except (EntryError, LookupError) as error:
            return Outcome("broken", str(error))
        if code == PASSED:
            return Outcome("excused", entry.survives) if entry.survives else Outcome("survived")
        if code is None:
            return Outcome("unclear", f"not over after {self.limit:.0f} s")
        found = _FIRST_FAILURE.search(output)
        if code != FAILED or found is None:
            return Outcome("broken", f"pytest ended with {code}:\n{output[-2000:]}")
        if entry.survives:
            return Outcome("broken", f"{found[1]} notices: the reason why none does is out of date")
        return Outcome("killed", found[1].rpartition("::")[2])

    @contextmanager
    def _without(self, entry: Entry) -> Iterator[None]:
        if self.database:
            self.database.renew(without=entry.name if isinstance(entry, Constraint) else "")
        if not isinstance(entry, Guard):
            yield
            return
        path = self.root / entry.file
        whole, times = path.read_text(), path.stat()
        try:
            path.write_text(entry.without(whole))
            yield
        finally:
            path.write_text(whole)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # bytecode is matched by it

    def _pytest(self, tests: Sequence[str], *, limit: float, keeps_bytecode: bool = False) -> tuple[int | None, str]:
        """The exit code, or None after the time limit, and the output."""
        # Python matches bytecode to a source by time and size, so bytecode of a changed file must not be kept.
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "" if keeps_bytecode else "1"}
        environment.pop("DJANGO_SETTINGS_MODULE", None)  # the copy sets its own
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [*PYTEST, *tests],
                cwd=self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code: int | None
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                end(process)
            output.seek(0)
            return code, output.read()


def end(process: subprocess.Popen[bytes]) -> None:
    """Let pytest stop the processes of its tests, then end the rest of its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of the checkout's current files, without those that git ignores. It is removed afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    with tempfile.TemporaryDirectory(prefix="bikerental-mutate-") as folder:
        for name in filter(None, listed.stdout.decode().split("\0")):
            source, target = root / name, Path(folder) / name
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        yield Path(folder)


def timed(runner: Runner, entry: Entry) -> tuple[Outcome, float]:
    begun = time.monotonic()
    return runner.run(entry), time.monotonic() - begun
