"""`.gitlab-ci.yml`, by GitLab's schema and as the jobs of a pipeline: which run where, and in what order."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ops.delivery.standin import ROOT, must, run

pytestmark = pytest.mark.slow

VALIDATE = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci")
CHECKS = {"style", "typing", "shell", "migrations", "audit", "test", "smoke", "drill"}


def schema_says(file: Path) -> "tuple[int, str]":
    done = run(*VALIDATE, "--data-transform", "gitlab-ci", str(file))
    return done.returncode, done.stdout


SHARED = ".ci/shared-runners.yml"
# The variables of GitLab that the rules read.
KINDS = {
    "main": {"CI_PIPELINE_SOURCE": "push"},
    "merge request": {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_BRANCH": ""},
    "tag": {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_BRANCH": ""},
    "schedule": {"CI_PIPELINE_SOURCE": "schedule"},
}
SERVERS = {"STAGING_HOST": "deploy@staging.example", "PRODUCTION_HOST": "deploy@production.example"}
Jobs = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("gitlab-ci-local"):
        pytest.skip("gitlab-ci-local is not on this machine.")
    folder = tmp_path_factory.mktemp("pipeline")
    must("git", "init", "--quiet", "--initial-branch", "main", str(folder))
    shutil.copy(ROOT / ".gitlab-ci.yml", folder)
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / SHARED, folder / SHARED)
    must("git", "-C", str(folder), "add", ".")
    identity = ("-c", "user.name=Trial", "-c", "user.email=trial@bikerental.example")
    must("git", "-C", str(folder), *identity, "commit", "--quiet", "--message", "Trial")
    must("git", "-C", str(folder), "remote", "add", "origin", "https://gitlab.example/trial/bikerental.git")
    return folder


def pipeline(repository: Path, kind: str, *options: str, **variables: str) -> Jobs:
    """The jobs that a pipeline of this kind has, by name."""
    given = KINDS[kind] | SERVERS | variables
    words = [word for name, value in given.items() for word in ("--variable", f"{name}={value}")]
    listed = must("gitlab-ci-local", *words, *options, "--list-json", at=repository)
    found = json.loads(listed[listed.index("[\n") :])
    return {job["name"]: job for job in found if job["when"] != "never"}


def preview(repository: Path, file: str) -> dict[str, Any]:
    """The whole file as GitLab would resolve it."""
    shown = must("gitlab-ci-local", "--preview", "--file", file, at=repository)
    resolved: dict[str, Any] = yaml.safe_load(shown[shown.index("---") :])
    return resolved


@pytest.fixture(scope="module")
def jobs(repository: Path) -> Jobs:
    """The jobs of a pipeline of the default branch, for a project with two servers."""
    return pipeline(repository, "main")


@pytest.mark.parametrize("file", [".gitlab-ci.yml", SHARED])
def test_gitlab_accepts_the_file(file: str) -> None:
    assert schema_says(ROOT / file)[0] == 0


def test_an_invalid_pipeline_file_is_found(tmp_path: Path) -> None:
    text = (ROOT / ".gitlab-ci.yml").read_text()
    (tmp_path / "wrong.yml").write_text(text.replace("max: 1", "max: 9"))

    assert schema_says(tmp_path / "wrong.yml")[0] == 1


def test_a_deploy_waits_for_every_check(jobs: Jobs) -> None:
    for name in ("staging", "production"):
        assert {need["job"] for need in jobs[name]["needs"]} >= CHECKS
        assert [need["job"] for need in jobs[f"verify-{name}"]["needs"]] == [name]
    assert {"job": "verify-staging", "optional": True} in [
        {key: need.get(key) for key in ("job", "optional")} for need in jobs["production"]["needs"]
    ]


def test_staging_deploys_automatically_production_by_hand(jobs: Jobs) -> None:
    by_hand = {name for name, job in jobs.items() if job["when"] == "manual"}

    assert by_hand == {"production", "rollback-staging", "rollback-production"}


DEPLOYS = {f"{what}{where}" for what in ("", "verify-", "rollback-") for where in ("staging", "production")}


def test_each_kind_of_pipeline_has_its_jobs(repository: Path) -> None:
    def names(kind: str, **variables: str) -> set[str]:
        return {name.partition(":")[0] for name in pipeline(repository, kind, **variables)}

    checks = CHECKS | {"packages", "build"}
    assert names("merge request") == checks
    assert names("main") == checks | DEPLOYS
    assert names("main", STAGING_HOST="") == checks | {name for name in DEPLOYS if "staging" not in name}
    assert names("tag") == checks | {"release-image", "release"}
    assert names("schedule") == {"packages", "audit", "expire-images"}


def test_the_tests_run_on_both_pythons(jobs: Jobs) -> None:
    assert {name for name in jobs if name.startswith("test")} == {"test: [3.11]", "test: [3.13]"}


def test_no_merge_request_reaches_a_runner_that_gets_keys(repository: Path) -> None:
    resolved = preview(repository, ".gitlab-ci.yml")

    tagged = {name for name, job in resolved.items() if isinstance(job, dict) and "deploy" in job.get("tags", [])}
    assert {name for name in tagged if not name.startswith(".")} == DEPLOYS
    for name in DEPLOYS:  # of a group, all hosts get what the first one gets
        place = name.rpartition("-")[2].upper()
        assert resolved[name]["variables"] == {
            f"DEPLOY_{what}": f"${place}_{what}" for what in ("HOST", "GROUP", "URL")
        }


@pytest.mark.parametrize("file", [".gitlab-ci.yml", SHARED])
def test_a_job_logs_in_before_it_asks_a_private_registry(repository: Path, file: str) -> None:
    resolved = preview(repository, file)

    for name in ("build", "smoke", "drill", "release-image"):
        assert "docker login" in resolved[name]["before_script"][0]


def test_the_shared_runners_have_the_same_jobs(repository: Path) -> None:
    own = pipeline(repository, "main")
    shared = pipeline(repository, "main", "--file", SHARED)

    assert {name: job["needs"] for name, job in shared.items()} == {name: job["needs"] for name, job in own.items()}
