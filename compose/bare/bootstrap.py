"""Updates `.venv`, then runs a command in it: `python3 -m compose.bare.bootstrap COMMAND ...`.

It uses the standard library only, because it runs before anything is installed. It ends with an exec, so that make's
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

from compose.bare.progress import UserError, require_plain_path, say, step

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
    except UserError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    become(sys.argv[1:])


def require_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise UserError(f"Python {wanted} or newer is needed. `make PYTHON=python{wanted} ...` chooses another one.")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a lock, so that of two makes at once one installs and the other waits."""
    VENV.mkdir(exist_ok=True)
    deadline = time.monotonic() + INSTALL_SECONDS
    with (VENV / "installing.lock").open("w") as lock:
        while not _locked(lock.fileno()):
            if time.monotonic() > deadline:
                raise UserError(f"Another make has been installing into {VENV} for too long. Stop it and try again.")
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
    # The path belongs to the identity: a virtual environment that was moved or copied does not work.
    identity = f"{VENV} {sys.version_info[:2]}".encode()
    return hashlib.sha256(identity + REQUIREMENTS.read_bytes()).hexdigest()


def install() -> None:
    """Install exactly the pinned packages: `.venv` loses packages that are no longer in the file.

    uv installs in a tenth of pip's time. pip, which venv installs, only fetches uv.
    """
    STAMP.unlink(missing_ok=True)
    say("Preparing the Python environment, less than half a minute the first time:")
    with step("Making .venv"):
        _make_venv()
    if not UV.is_file():
        with step("Fetching uv, which installs the rest"):
            _fetch_uv()
    # Everything is pinned, so there is nothing to resolve: uv only downloads and checks hashes. Modules are not
    # compiled here, which took 28 s of processor time instead of 2: Python compiles a module when it is first
    # imported.
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
        raise UserError("This Python cannot create virtual environments. Install its venv and pip.") from error


def _fetch_uv() -> None:
    with NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(pin_of("uv"))
        only_uv.flush()
        install = ("-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--requirement")
        _run(str(PYTHON), *install, only_uv.name)


def pin_of(name: str) -> str:
    """The package's line in the requirements, with its version and hashes."""
    entry = re.search(rf"^{name}==(?:.*\\\n)*.*\n", REQUIREMENTS.read_text(), re.MULTILINE)
    if entry is None:
        raise UserError(f"{REQUIREMENTS} does not pin {name}. `make requirements` writes the file.")
    return entry[0]


def _index_of_pip() -> dict[str, str]:
    """The index that pip's configuration names. uv does not read that configuration."""
    asked = subprocess.run(
        [PYTHON, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return {"UV_DEFAULT_INDEX": asked.stdout.strip()} if asked.returncode == 0 else {}


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    # In a session of its own: a Ctrl-C then reaches only this process, which ends the installer and its children.
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            env=(environment or {}) | os.environ,  # the developer's own environment takes precedence
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
            raise UserError(output.read())


def become(command: list[str]) -> None:
    os.environ["VIRTUAL_ENV"] = str(VENV)
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ.pop("PYTHONHOME", None)
    # It would make every process compile all modules again: 3 s of processor time at each start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the Makefile says what to run
    except FileNotFoundError:
        sys.exit(f"{command[0]}: not found in {VENV} or on the PATH.")


if __name__ == "__main__":
    main()
