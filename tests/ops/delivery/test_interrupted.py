"""What the scripts of a server leave if they are stopped half-way."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.ops.delivery.standin import ROOT, must, run
from tests.support.waiting import eventually

DOCKER = """#!/bin/bash
echo "$*" >>"$CALLS"
case "$*" in
  *prepare*) echo bikerental_restored_now ;;
  *"$FAILS"*) exit 1 ;;
  *swap*) sleep "${SWAP_SECONDS:-0}" ;;
esac
"""


@pytest.fixture
def server(tmp_path: Path) -> dict[str, str]:
    """The environment of a server whose `docker` notes what it is asked for."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"), "FAILS": "nothing"}


def calls(server: dict[str, str]) -> list[str]:
    """In their order, those that stop or start the service, or exchange the databases."""
    noted = Path(server["CALLS"])
    return re.findall(r"\b(stop|start|swap)\b", noted.read_text()) if noted.exists() else []


@pytest.mark.parametrize(
    ("fails", "code", "done"),
    [
        ("nothing", 0, ["stop", "swap", "start"]),
        ("compose stop", 1, ["stop", "start"]),
        ("swap", 1, ["stop", "swap", "start"]),
        ("compose exec", 1, ["stop", "swap", "start"]),  # web does not become ready
    ],
)
def test_a_restore_always_starts_the_service_again(
    server: dict[str, str], fails: str, code: int, done: list[str]
) -> None:
    restored = run("compose/production/restore", "now", environment=server | {"FAILS": fails, "READY_SECONDS": "1"})

    assert (restored.returncode, calls(server)) == (code, done)


def test_a_restore_that_is_stopped_starts_the_service_again(server: dict[str, str]) -> None:
    environment = os.environ | server | {"SWAP_SECONDS": "1"}
    with subprocess.Popen(["compose/production/restore", "now"], cwd=ROOT, env=environment) as restoring:
        assert eventually(lambda: "swap" in calls(server), seconds=30)
        restoring.send_signal(signal.SIGTERM)

    assert restoring.returncode != 0
    assert calls(server) == ["stop", "swap", "start"]


def test_the_settings_to_go_back_to_are_replaced_whole(tmp_path: Path) -> None:
    function = must("sed", "-n", "/^remember_settings()/,/^)/p", "compose/production/deploy")
    for folder, text in (("proven", "old"), ("settings", "new")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".django").write_text(text)
    begin = f"set -o errexit; settings=settings proven=proven; {function}"

    run("bash", "-c", f"{begin}; cp() {{ return 1; }}; remember_settings", at=tmp_path)  # as on a full disk
    kept = (tmp_path / "proven/.django").read_text()
    must("bash", "-c", f"{begin}; remember_settings", at=tmp_path)

    assert (kept, (tmp_path / "proven/.django").read_text()) == ("old", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["proven", "settings"]
    assert oct((tmp_path / "proven/.django").stat().st_mode & 0o777) == "0o600"


def test_a_file_of_settings_is_whole_or_absent(server: dict[str, str], tmp_path: Path) -> None:
    base64 = tmp_path / "base64"
    base64.write_text("#!/bin/bash\nexit 1\n")  # as if it were stopped there
    base64.chmod(0o755)
    folder = str(tmp_path / "envs")

    stopped = run("compose/production/make-envs", "api.trial.example", folder, environment=server)
    base64.unlink()
    must("compose/production/make-envs", "api.trial.example", folder)

    made = {file.name: len(file.read_text().splitlines()) for file in (tmp_path / "envs").iterdir()}
    examples = (ROOT / ".envs/.production").glob(".*.example")
    assert stopped.returncode != 0
    assert made == {file.name.removesuffix(".example"): len(file.read_text().splitlines()) for file in examples}
