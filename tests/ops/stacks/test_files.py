"""Promises of the stacks' files that need no engine."""

import re
import shutil
from pathlib import Path

import pytest

from tests.ops.stacks.engine import ROOT, run

SCRIPTS = sorted(
    path
    for path in (ROOT / "compose" / "production").rglob("*")
    # A template becomes a script only when Terraform fills it.
    if path.is_file() and path.suffix != ".tftpl" and path.read_bytes().startswith((b"#!/bin/bash", b"#!/bin/sh"))
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_a_script_stops_at_the_first_error(script: Path) -> None:
    text = script.read_text()

    wanted = "set -o errexit -o nounset" + (" -o pipefail" if text.startswith("#!/bin/bash") else "")
    assert wanted in text.splitlines()
    assert script.stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize(
    "script", [path for path in SCRIPTS if path.parent.name in {"start", "redis", "caddy"}], ids=named
)
def test_a_start_script_becomes_its_program(script: Path) -> None:
    assert re.search(r"^exec ", script.read_text(), re.MULTILINE)


def test_no_script_ends_a_pipe_early() -> None:
    # With pipefail, what still writes into the pipe fails with SIGPIPE, so that a match looks like none.
    early = re.compile(r"\|\s*(grep\s+(-\w*[qm]|--quiet|--max-count)|head\b|sed\s[^|]*q\b)")
    found = [
        (named(script), line)
        for script in SCRIPTS
        if "pipefail" in script.read_text()
        for line in script.read_text().splitlines()
        if early.search(line)
    ]

    assert found == []


def test_shellcheck_finds_nothing() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not on this machine.")

    assert run("shellcheck", "--external-sources", *map(named, SCRIPTS)).stdout == ""


def test_no_secret_of_production_is_committed() -> None:
    committed = run("git", "ls-files", ".envs/.production").stdout.split()

    assert committed
    assert [name for name in committed if not name.endswith(".example")] == []


def test_the_build_sees_only_what_is_allowed() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert [rule for rule in rules if "env" in rule or rule in {"!.", "!*", "!**"}] == []


def test_the_example_secrets_become_random_ones(envs: Path) -> None:
    values = [
        line.partition("=")[2]
        for file in envs.iterdir()
        for line in file.read_text().splitlines()
        if line.partition("=")[0].endswith(("PASSWORD", "KEY", "PASSPHRASE")) and not line.startswith("ALERT_")
    ]

    assert len(values) == len(set(values)) == 9
    assert min(map(len, values)) >= 50
    assert [value for value in values if "change-me" in value] == []
    assert {file.stat().st_mode & 0o777 for file in envs.iterdir()} == {0o600}


def test_secrets_made_once_are_kept(envs: Path) -> None:
    before = {file.name: file.read_text() for file in envs.iterdir()}

    assert run("compose/production/make-envs", "localhost", str(envs)).returncode == 0
    assert {file.name: file.read_text() for file in envs.iterdir()} == before
