"""`.gitlab-ci.yml`, by GitLab's schema and as the jobs of a pipeline: which run where, and in what order."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ops.delivery.standin import ROOT, must, run

pytestmark = pytest.mark.slow

VALIDATE = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci")
CHECKS = {"style", "typing", "shell", "migrations", "audit", "test", "smoke", "drill"}


def schema_says(file: Path) -> "tuple[int, str]":
    done = run(*VALIDATE, "--data-transform", "gitlab-ci", str(file))
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The jobs of a pipeline of the default branch, for a project with two servers."""
    if not shutil.which("gitlab-ci-local"):
        pytest.skip("gitlab-ci-local is not on this machine.")
    folder = tmp_path_factory.mktemp("pipeline")
    must("git", "init", "--quiet", "--initial-branch", "main", str(folder))
    shutil.copy(ROOT / ".gitlab-ci.yml", folder)
    must("git", "-C", str(folder), "add", ".")
    identity = ("-c", "user.name=Trial", "-c", "user.email=trial@bikerental.example")
    must("git", "-C", str(folder), *identity, "commit", "--quiet", "--message", "Trial")
    servers = ("STAGING_HOST=deploy@staging.example", "PRODUCTION_HOST=deploy@production.example")
    variables = [word for server in servers for word in ("--variable", server)]
    listed = must("gitlab-ci-local", *variables, "--list-json", at=folder)
    return {job["name"]: job for job in json.loads(listed)}


def test_gitlab_accepts_the_file() -> None:
    assert schema_says(ROOT / ".gitlab-ci.yml")[0] == 0


def test_what_gitlab_does_not_know_is_seen(tmp_path: Path) -> None:
    text = (ROOT / ".gitlab-ci.yml").read_text()
    (tmp_path / "wrong.yml").write_text(text.replace("max: 1", "max: 9"))

    assert schema_says(tmp_path / "wrong.yml")[0] == 1


def test_a_deploy_waits_for_every_check(jobs: dict[str, dict[str, Any]]) -> None:
    for name in ("staging", "production"):
        assert {need["job"] for need in jobs[name]["needs"]} >= CHECKS
        assert [need["job"] for need in jobs[f"verify-{name}"]["needs"]] == [name]


def test_staging_is_deployed_by_itself_and_production_by_hand(jobs: dict[str, dict[str, Any]]) -> None:
    by_hand = {name for name, job in jobs.items() if job["when"] == "manual"}

    assert by_hand == {"production", "rollback-staging", "rollback-production"}
