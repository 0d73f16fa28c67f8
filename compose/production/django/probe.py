"""Health checks with nothing but the image's Python: `probe.py http PORT PATH`, `probe.py heartbeat`."""

import http.client
import os
import sys
import time
from pathlib import Path

STALE_SECONDS = 60


def main(kind: str, *arguments: str) -> str:
    """Say what is wrong, or nothing."""
    return answer(*arguments) if kind == "http" else heartbeat()


def answer(port: str, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
    try:
        connection.request("GET", path, headers={"Host": served_host()})
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"{path}: {error}"
    return "" if response.status == 200 else f"{path}: {response.status} {body}"


def served_host() -> str:
    # Django answers only to the names it serves, and the loopback address is none of them in production.
    first = os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return "localhost" if first in {"", "*"} else first


def heartbeat() -> str:
    file = Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat"))  # noqa: S108 - a tmpfs of the container's own
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return "no heartbeat yet"
    return "" if age < STALE_SECONDS else f"the last heartbeat is {age:.0f} s old"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
