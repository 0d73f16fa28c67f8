"""The audit finds planted problems, and a missing answer is not a success."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compose.audit import report, secret_scan
from compose.bare.progress import UserError
from tests.live import ROOT

# In two pieces, so that the scan of this repository does not find them.
AWS_KEY = "AKIA" + "ZQ7XW3RTBN5MKL2P"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    commit("settings.py", 'REGION = "eu-central-1"\n')
    return tmp_path


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=Engineer", "-c", "user.email=engineer@bikes.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, timeout=60)


def commit(name: str, text: str) -> None:
    Path(name).write_text(text)
    git("add", name)
    git("commit", "--quiet", "--message", name)


def scan(*arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.audit.secret_scan", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=at, capture_output=True, text=True, timeout=120, check=False, env=environment)


def test_this_projects_history_holds_reviewed_secrets_alone() -> None:
    shallow = subprocess.run(
        ["git", "rev-parse", "--is-shallow-repository"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if shallow.stdout.strip() != "false":
        pytest.skip("The history is not here, or not whole.")

    ended = scan(at=ROOT)

    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.usefixtures("repository")
def test_a_history_without_secrets_is_clean() -> None:
    assert secret_scan.unknown(secret_scan.in_history()) == []


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("deploy.py", f'KEY = "{AWS_KEY}"\n', "AWS Access Key"),
        ("tests/deploy.py", f'KEY = "{AWS_KEY}"  # pragma: allowlist secret\n', "AWS Access Key"),
        ("key.pem", f"{PRIVATE_KEY}\n", "Private Key"),
        ("settings.py", 'password = "s0mething-real"\n', "Secret Keyword"),
    ],
)
def test_a_secret_that_a_later_commit_removed_is_found(name: str, text: str, kind: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    commit(name, text)
    commit(name, "\n")

    assert secret_scan.unknown(secret_scan.in_history())[0] == f"{name}: {kind}"


@pytest.mark.usefixtures("repository")
def test_the_command_fails_until_what_was_found_is_accepted() -> None:
    commit("deploy.py", f'KEY = "{AWS_KEY}"\n')

    found = scan()
    assert (found.returncode, found.stdout.splitlines()[0]) == (1, "deploy.py: AWS Access Key")
    assert AWS_KEY not in found.stdout + found.stderr
    assert scan("--accept").returncode == 0
    assert scan().returncode == 0
    assert AWS_KEY not in Path(secret_scan.BASELINE).read_text()


@pytest.mark.usefixtures("repository")
def test_before_a_commit_files_are_looked_at() -> None:
    Path("deploy.py").write_text(f'\nKEY = "{AWS_KEY}"\n')

    found = scan("settings.py", "deploy.py")

    assert (found.returncode, found.stdout.splitlines()[0]) == (1, "deploy.py:2: AWS Access Key")


def test_a_shallow_history_is_refused(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    commit("more.py", "\n")
    clone = tmp_path_factory.mktemp("clone")
    git("clone", "--quiet", "--depth=1", f"file://{repository}", str(clone))

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(clone)
        with pytest.raises(UserError, match="GIT_DEPTH"):
            secret_scan.in_history()


def test_a_vulnerability_is_named_with_its_fix() -> None:
    hole = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
    document = {"dependencies": [{"name": "wheelset", "version": "1.0", "vulns": [hole]}]}

    assert report.vulnerabilities(document) == ["wheelset 1.0: PYSEC-2026-1, fixed in 1.1"]


def test_packages_missing_from_the_answer_are_a_failure() -> None:
    spoken = {"name": "wheelset", "version": "1.0", "vulns": []}
    skipped = {"name": "saddle", "skip_reason": "Dependency not found"}

    assert report.vulnerabilities({"dependencies": [spoken]}) == []
    with pytest.raises(report.UnreachedError, match="1 of 2"):
        report.vulnerabilities({"dependencies": [spoken, skipped]})


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--strict"], 1)])
def test_without_the_service_only_the_pipeline_fails(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreached() -> list[str]:
        raise report.UnreachedError(report.UNREACHED.format(missing=3, asked=3))

    monkeypatch.setattr(report, "CHECKS", {"Packages": unreached})
    monkeypatch.setattr(sys, "argv", ["audit", *arguments])

    assert report.main() == code
    assert "make audit" in capsys.readouterr().out


def test_the_sbom_names_what_the_image_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "SBOM", tmp_path / "sbom.json")
    monkeypatch.chdir(ROOT)

    assert report.sbom() == []

    named = {each["name"] for each in json.loads((tmp_path / "sbom.json").read_text())["components"]}
    assert {"django", "celery", "granian"} <= named
    assert "pytest" not in named


def test_each_pip_install_checks_hashes() -> None:
    places = ("compose/production/django/Dockerfile", "compose/bare/bootstrap.py", "compose/production/pipeline-venv")
    texts = [(ROOT / place).read_text().replace('", "', " ") for place in places]
    lines = [line for text in texts for line in text.splitlines()]
    installs = [line for line in lines if "pip install" in line]
    syncs = [line for line in lines if "pip sync" in line]  # uv's, which also removes packages

    assert len(installs) >= 4
    assert len(syncs) == 1
    assert [line for line in installs + syncs if "--require-hashes" not in line] == []
    assert [line for line in installs if "--no-deps" not in line] == []


FINDINGS = ["django 5.2: CVE-2026-1, fixed in 5.2.1", "pillow 11: CVE-2026-12, fixed in nothing yet"]


def test_a_named_person_may_accept_a_named_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIT_ACCEPT", "CVE-2026-1 CVE-2026-9")

    with pytest.raises(UserError, match="AUDIT_ACCEPT needs AUDIT_ACCEPT_BY"):
        report.not_accepted(FINDINGS)

    monkeypatch.setenv("AUDIT_ACCEPT_BY", "Ada Example")
    assert report.not_accepted(FINDINGS) == FINDINGS[1:]
    assert report.ACCEPTED.read_text() == f"Ada Example accepts {FINDINGS[0]}\n"
