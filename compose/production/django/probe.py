"""Health checks that need only Python's standard library: `http PORT PATH`, `heartbeat` or `backup`."""

import os
import sys
import time
from pathlib import Path

STALE_SECONDS = 60
BACKUP_SECONDS = 26 * 3600


def main(kind: str, *arguments: str) -> str:
    """The problem, or an empty text."""
    if kind == "http":
        return answer(*arguments)
    if kind == "backup":
        return age_of("backup", Path(os.environ.get("BACKUP_FOLDER", "/backups"), "last"), BACKUP_SECONDS)
    return age_of("heartbeat", Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat")), STALE_SECONDS)  # noqa: S108 - a tmpfs of the container's own


def answer(port: str, path: str) -> str:
    # Imported here, because it takes twice as long as everything else, and a start runs many heartbeat checks.
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
    try:
        connection.request("GET", path, headers={"Host": served_host()})
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"{path}: {error}"
    return "" if response.status == 200 else f"{path}: {response.status} {body}"


def served_host() -> str:
    # Django answers only to its own host names, and in production the loopback address is not one of them.
    first = os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return "localhost" if first in {"", "*"} else first


def age_of(what: str, file: Path, limit: float) -> str:
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return f"no {what} yet"
    return "" if age < limit else f"the last {what} is {age:.0f} s old"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
