"""Calls Docker for the tests of this folder."""

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
DOCKERFILE = "compose/production/django/Dockerfile"
BUILD_SECONDS = 600


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


def build(name: str, *options: str) -> str:
    command = ("docker", "build", "-f", DOCKERFILE, "--build-arg", "REVISION=trial", *options, "-t", name, ".")
    built = run(*command, seconds=BUILD_SECONDS)
    assert built.returncode == 0, built.stderr[-3000:]
    return name


def compose_config(file: str, envs: Path) -> dict[str, Any]:
    """The stack's resolved configuration: anchors, extends and variables."""
    answer = run("docker", "compose", "-f", file, "config", "--format", "json", environment={"ENVS": str(envs)})
    assert answer.returncode == 0, answer.stderr
    parsed: dict[str, Any] = json.loads(answer.stdout)
    return parsed
