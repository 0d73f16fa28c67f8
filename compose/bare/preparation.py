"""Updates the database and the static files before the application starts."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from compose.bare.processes import run_logged
from compose.bare.progress import step
from compose.bare.state import ROOT, State

MANAGE_SECONDS = 600


def prepare_application(state: State, environment: dict[str, str]) -> None:
    with step("Migrating the database"):
        manage(state, environment, "migrate", "--noinput")
    if not has_static_files(state):
        with step("Collecting static files"):
            collect_static_files(state, environment)
    with step("Creating the demo city if it is missing"):
        manage(state, environment, "seed_demo", "--if-empty")


def manage(state: State, environment: dict[str, str], *arguments: str) -> None:
    command = ["python", "manage.py", *arguments]
    run_logged(command, log=state.logs / f"{arguments[0]}.log", environment=environment, seconds=MANAGE_SECONDS)


def collect_static_files(state: State, environment: dict[str, str]) -> None:
    stamp(state).unlink(missing_ok=True)
    manage(state, environment, "collectstatic", "--noinput")
    stamp(state).write_text(fingerprint())


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
