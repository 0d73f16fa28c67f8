"""Shipping to a host whose port 22 is closed, through AWS's SSM. A fake AWS CLI takes the calls."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.ops.delivery.standin import must, run

HOST = "admin@i-0123456789abcdef0"
# The fake records its arguments and credentials, and connects to nothing.
AWS = f"""#!{sys.executable}
import json, os, pathlib, sys
token = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
asked = {{
    "words": sys.argv[1:],
    "role": os.environ.get("AWS_ROLE_ARN"),
    "token": token and pathlib.Path(token).read_text(),
    "file": token,
}}
pathlib.Path(os.environ["ASKED"]).write_text(json.dumps(asked))
"""


@pytest.fixture
def ship(tmp_path: Path) -> Path:
    if not shutil.which("ssh"):
        pytest.skip("ssh is not on this machine.")
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    (tmp_path / "known_hosts").touch()
    must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key"))
    return tmp_path


def asked(folder: Path, host: str, **environment: str) -> dict[str, object]:
    given = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "ASKED": str(folder / "asked"),
        "DEPLOY_KEY": str(folder / "key"),
        "DEPLOY_KNOWN_HOSTS": str(folder / "known_hosts"),
    }
    done = run("compose/production/ship", host, environment=given | environment)
    assert done.returncode != 0  # nothing listens at the other end
    written = folder / "asked"
    words: dict[str, object] = json.loads(written.read_text()) if written.exists() else {}
    return words


def test_the_pipelines_token_reaches_an_instance_through_ssm(ship: Path) -> None:
    role = "arn:aws:iam::123456789012:role/bikerental-gitlab"

    way = asked(ship, HOST, AWS_ROLE_ARN=role, AWS_ID_TOKEN="signed-by-gitlab")

    assert way["words"] == [
        "ssm", "start-session", "--target", "i-0123456789abcdef0",
        "--document-name", "AWS-StartSSHSession", "--parameters", "portNumber=22",
    ]  # fmt: skip
    assert (way["role"], way["token"]) == (role, "signed-by-gitlab")
    assert not Path(str(way["file"])).exists()


def test_by_hand_the_cli_uses_what_it_finds(ship: Path) -> None:
    assert asked(ship, HOST)["file"] is None


def test_another_host_is_reached_without_aws(ship: Path) -> None:
    assert asked(ship, "ssh://admin@127.0.0.1:1", AWS_ID_TOKEN="signed-by-gitlab") == {}
