"""Brings `.venv` up to date and becomes a command in it: `python3 -m compose.bare.bootstrap COMMAND ...`.

Standard library only: it runs before anything is installed. It ends in an exec, so that make's
signals reach the command itself.
"""

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile

from compose.bare.progress import TroubleError, require_plain_path, say, step

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
REQUIREMENTS = ROOT / "requirements" / "local.txt"
STAMP = VENV / "installed.sha256"
OLDEST_PYTHON = (3, 11)
INSTALL_SECONDS = 900


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        require_python()
        require_plain_path(ROOT)
        with one_at_a_time():
            if not is_current():
                install()
    except TroubleError as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    become(sys.argv[1:])


def require_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise TroubleError(f"Python {wanted} or newer is needed: `make PYTHON=python{wanted} ...` names another one.")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two makes at once install once; the second waits for the first."""
    VENV.mkdir(exist_ok=True)
    deadline = time.monotonic() + INSTALL_SECONDS
    with (VENV / "installing.lock").open("w") as lock:
        while not _locked(lock.fileno()):
            if time.monotonic() > deadline:
                raise TroubleError(f"Another make has been installing into {VENV} for too long: end it and try again.")
            time.sleep(0.5)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text() == _wanted()


def _wanted() -> str:
    # The path is part of it: a virtual environment that was moved or copied does not work.
    identity = f"{VENV} {sys.version_info[:2]}".encode()
    return hashlib.sha256(identity + REQUIREMENTS.read_bytes()).hexdigest()


def install() -> None:
    """Make `.venv` hold what the file pins, and no more: a package that left the file leaves `.venv` too.

    uv installs it, in a tenth of the time that pip takes; pip, which venv brings, only fetches uv.
    """
    STAMP.unlink(missing_ok=True)
    say("Preparing the Python environment, less than half a minute the first time:")
    with step("Making .venv"):
        _make_venv()
    if not UV.is_file():
        with step("Fetching uv, which installs the rest"):
            _fetch_uv()
    # Everything is pinned, so there is nothing to resolve: uv only fetches and checks hashes. Without compiling,
    # which took 28 s of processor time in place of 2: a process compiles what it imports, once.
    with step(f"Installing requirements/local.txt, {REQUIREMENTS.read_text().count('==')} packages"):
        _run(
            *(str(UV), "pip", "sync", "--quiet", "--require-hashes"),
            *("--python", str(PYTHON), str(REQUIREMENTS)),
            environment=_index_of_pip(),
        )
    STAMP.write_text(_wanted())


def _make_venv() -> None:
    try:
        venv.EnvBuilder(with_pip=True, symlinks=True).create(VENV)
    except subprocess.CalledProcessError as error:
        raise TroubleError("This Python cannot make virtual environments: install its venv and pip.") from error


def _fetch_uv() -> None:
    with NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(pin_of("uv"))
        only_uv.flush()
        install = ("-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--requirement")
        _run(str(PYTHON), *install, only_uv.name)


def pin_of(name: str) -> str:
    """The package's entry in the requirements: its version and its hashes."""
    entry = re.search(rf"^{name}==(?:.*\\\n)*.*\n", REQUIREMENTS.read_text(), re.MULTILINE)
    if entry is None:
        raise TroubleError(f"{REQUIREMENTS} does not pin {name}: `make requirements` makes the file.")
    return entry[0]


def _index_of_pip() -> dict[str, str]:
    """uv does not read pip's configuration: where that names another index, tell uv."""
    asked = subprocess.run(
        [PYTHON, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return {"UV_DEFAULT_INDEX": asked.stdout.strip()} if asked.returncode == 0 else {}


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    # A session of its own: a Ctrl-C reaches only us, and we end the installer with all that it started.
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            env=(environment or {}) | os.environ,  # what the developer set in the environment counts
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            failed = process.wait(timeout=INSTALL_SECONDS) != 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if failed:
            output.seek(0)
            raise TroubleError(output.read())


def become(command: list[str]) -> None:
    os.environ["VIRTUAL_ENV"] = str(VENV)
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ.pop("PYTHONHOME", None)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the Makefile says what to run
    except FileNotFoundError:
        sys.exit(f"{command[0]}: not found in {VENV} or on the PATH.")


if __name__ == "__main__":
    main()
