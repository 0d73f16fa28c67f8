"""The proxy's start script, with a fake Caddy that prints its configuration."""

import os
from pathlib import Path

import pytest

from tests.ops.stacks.engine import run

START = "compose/production/caddy/start"
CADDY = """#!/bin/sh
case $1 in
  hash-password) echo hashed ;;
  adapt) ! grep -qE '\\b({unknown})\\b' "$3" ;;
  run) printf '%s\\n' "$BUFFER_REQUESTS" ;;
esac
"""


def started(folder: Path, *, unknown: str) -> str:
    """The buffering options that the proxy gets if Caddy does not support `unknown`."""
    caddy = folder / "caddy"
    caddy.write_text(CADDY.replace("{unknown}", unknown))
    caddy.chmod(0o755)
    own = {"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder), "FLOWER_PASSWORD": "a-long-one"}
    ran = run("sh", START, environment=own)
    assert ran.returncode == 0, ran.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["Caddyfile", "caddy"]
    return ran.stdout


@pytest.mark.parametrize(
    ("unknown", "lines"),
    [
        ("request_buffers", "buffer_requests\nmax_buffer_size 1100KB\n"),
        ("buffer_requests|max_buffer_size", "request_buffers 1100KB\n"),
    ],
    ids=["until 2.6.3", "from 2.6.4"],
)
def test_requests_are_buffered_with_an_option_caddy_knows(tmp_path: Path, unknown: str, lines: str) -> None:
    assert started(tmp_path, unknown=unknown) == lines
