"""What the image's entrypoint makes of the settings, run here instead of in a container."""

import os
import subprocess

import pytest

from compose.bare.state import ROOT

ENTRYPOINT = ROOT / "compose/production/django/start/entrypoint"
OWN = {"POSTGRES_HOST": "postgres", "DATABASE_USER": "app", "DATABASE_PASSWORD": "a word"}
ELSEWHERE = {"DATABASE_URL": "postgres://app:word@db.bikes.example/bikerental"}


def example() -> dict[str, str]:
    """What `make-envs` copies to a new server for the web processes."""
    lines = (ROOT / ".envs/.production/.django.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line.startswith("WEB_"))


def settings_made(given: dict[str, str]) -> dict[str, str]:
    ran = subprocess.run(
        [ENTRYPOINT, "env", "-0"],
        env={"PATH": os.environ["PATH"], **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(line.split("=", 1) for line in ran.stdout.split("\0") if line)


@pytest.mark.parametrize(
    ("given", "threads"),
    [
        (OWN, "3"),
        (OWN | {"WEB_THREADS": "6"}, "6"),
        (OWN | example(), "3"),
        (ELSEWHERE, None),  # each program's default, 8
        (OWN | ELSEWHERE, None),
        (OWN | example() | ELSEWHERE, ""),
    ],
)
def test_threads_are_fewer_beside_the_stacks_own_postgresql(given: dict[str, str], threads: str | None) -> None:
    assert settings_made(given).get("WEB_THREADS") == threads


def test_the_url_of_the_database_is_made_of_its_parts() -> None:
    assert settings_made(OWN)["DATABASE_URL"] == "postgres://app:a%20word@postgres:5432/bikerental"
