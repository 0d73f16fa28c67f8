"""The programs from npm that clients use, pinned in `package-lock.json` beside this file. `.ci/run` runs it."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

PACKAGES = Path(__file__).with_name("package.json")
LOCK = PACKAGES.with_name("package-lock.json")
INSTALL_SECONDS = 180


class ToolsMissingError(Exception):
    """The reason why the programs are not available here."""


def tools() -> Path:
    """The folder of the programs, in the user's cache. Each lock file has its own folder."""
    if not shutil.which("npm"):
        raise ToolsMissingError("npm is not on this machine.")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "bikerental" / f"npm-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        _install(folder)
    return folder / "node_modules" / ".bin"


def _install(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as new:
        for path in (PACKAGES, LOCK):
            shutil.copy(path, new)
        # If Node is older than the programs need, this is an error, and the tests are skipped.
        command = ("npm", "ci", "--engine-strict", "--ignore-scripts", "--no-audit", "--no-fund")
        try:
            run = subprocess.run(command, cwd=new, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise ToolsMissingError(f"npm took more than {INSTALL_SECONDS} s.") from error
        if run.returncode:
            raise ToolsMissingError(f"npm cannot install them: {' '.join(run.stderr.split())[:300]}")
        with suppress(OSError):  # another run was faster
            Path(new).rename(folder)


if __name__ == "__main__":
    try:
        tools()
    except ToolsMissingError as missing:
        raise SystemExit(str(missing)) from None
