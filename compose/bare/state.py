"""The folder that keeps a stack's data from one start to the next."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compose.bare.progress import UserError

ROOT = Path(__file__).resolve().parents[2]
# Every process of a stack has this variable, so that all can be found. Stacks can nest (the tests start some), so it
# is a list like PATH.
MARK = "BIKERENTAL_STACKS"


class State:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.metrics = self.folder / "metrics"
        self.static = self.folder / "static"
        self.media = self.folder / "media"

    def create(self) -> None:
        # As root, PostgreSQL runs under another account, which must be able to enter its own folder below.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(mode)
        for folder in (self.logs, self.metrics, self.static, self.media):
            folder.mkdir(mode=0o700, exist_ok=True)

    def secret(self, name: str) -> str:
        """A random secret, made at the first call and kept."""
        path = self.folder / "secrets" / name
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_private(path, secrets.token_hex(32))
        return path.read_text()

    @property
    def mark(self) -> str:
        return os.pathsep.join(filter(None, (os.environ.get(MARK), str(self.folder))))

    def publish(self, environment: dict[str, str]) -> None:
        """Write the running stack's environment for `make psql` and similar commands."""
        write_private(self._environment, json.dumps(environment, indent=2))

    def withdraw(self) -> None:
        self._environment.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether a stack has started here and has not ended. A killed one may have left its environment."""
        if not self._environment.exists():
            return False
        try:
            with self.alone():
                return False
        except UserError:
            return True

    def published(self) -> dict[str, str]:
        if not self._environment.exists():
            raise UserError("The stack is not running. Start it with `make run` in another terminal.")
        environment: dict[str, str] = json.loads(self._environment.read_text())
        return environment

    @property
    def _environment(self) -> Path:
        return self.folder / "environment.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock. The kernel releases it when this process ends, also if it is killed."""
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read() or "unknown"
                raise UserError(f"This checkout is already running as process {holder}. Stop that first.") from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def write_private(path: Path, text: str) -> None:
    """Write a file that only the owner can read. The file is replaced as a whole."""
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    aside.replace(path)
