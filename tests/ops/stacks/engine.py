"""Asks Docker, for the tests of this folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
FILES = ("docker-compose.yml", "local.yml", "production.yml")
APPLICATION = ("web", "worker", "beat", "flower", "migrate")
READY = ROOT.parent / "shared" / "docker" / "ready"  # installs and starts an engine where there is none
READY_SECONDS = 900


def run(
    *command: str, environment: Mapping[str, str] | None = None, seconds: float = 60
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def has_compose() -> bool:
    return bool(shutil.which("docker")) and run("docker", "compose", "version").returncode == 0


def has_engine() -> bool:
    return has_compose() and run("docker", "info").returncode == 0


def can_start_engine() -> bool:
    return READY.exists() and os.geteuid() == 0


def start_engine() -> None:
    started = run("bash", str(READY), seconds=READY_SECONDS)
    assert started.returncode == 0, started.stderr[-3000:]


def compose_config(file: str, envs: Path) -> dict[str, Any]:
    """The stack as Compose understands it: anchors, extends and variables resolved."""
    answer = run("docker", "compose", "-f", file, "config", "--format", "json", environment={"ENVS": str(envs)})
    assert answer.returncode == 0, answer.stderr
    parsed: dict[str, Any] = json.loads(answer.stdout)
    return parsed
