"""Updates the database and the static files before the application starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from compose.bare.processes import run_logged, started_logged
from compose.bare.progress import step
from compose.bare.state import ROOT, State

PREPARATION_SECONDS = 600


@contextmanager
def static_files_collected(state: State, environment: dict[str, str]) -> Iterator[None]:
    """Collect the static files, if they changed, while the body starts the servers and migrates the database."""
    if has_static_files(state):
        yield
        return
    stamp(state).unlink(missing_ok=True)
    command = ["python", "manage.py", "collectstatic", "--noinput"]
    log = state.logs / "collectstatic.log"
    with started_logged(command, log=log, environment=environment, seconds=PREPARATION_SECONDS) as finish:
        yield
        with step("Collecting static files"):
            finish()
    stamp(state).write_text(fingerprint())


def prepare_database(state: State, environment: dict[str, str]) -> None:
    with step("Migrating the database, and creating the demo city if it is missing"):
        run_logged(
            ["python", "-m", "compose.bare.database"],
            log=state.logs / "database.log",
            environment=environment,
            seconds=PREPARATION_SECONDS,
        )


def has_static_files(state: State) -> bool:
    return stamp(state).is_file() and stamp(state).read_text() == fingerprint()


def stamp(state: State) -> Path:
    return state.folder / "static.sha256"


def fingerprint() -> str:
    """A text that changes when our static files change, or the packages that bring theirs."""
    digest = sha256((ROOT / "requirements" / "local.txt").read_bytes())
    for path in sorted(static_sources()):
        digest.update(f"{path.relative_to(ROOT)} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def static_sources() -> Iterator[Path]:
    yield from (path for path in ROOT.glob("bikerental/*/static/**/*") if path.is_file())
    yield ROOT / "config" / "settings" / "base.py"
