"""The README's calls, run as printed, give the printed answers."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.docs.test_markdown import ROOT
from tests.live import web_server, worker

CALLS = re.compile(r"^```sh\n(.*?)^```\n+^```json\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
MARK = "-- next --"
# Values that differ from run to run are compared by their kind.
KINDS = {
    "id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    "token": re.compile(r"eyJ.+"),
    "address": re.compile(r"http://.+"),
}
# A reader waits a second for the worker. The test waits until it is done, because a machine may be slow.
PATIENT_SLEEP = """
sleep() {
  for _ in {1..100}; do
    case $(curl -s "$API/rentals/$RIDE/" -H "$RIDER") in *settled*) return ;; esac
    command sleep 0.2
  done
}
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_calls_answer_what_is_printed(tmp_path: Path) -> None:
    call_command("seed_demo")
    calls = CALLS.findall((ROOT / "README.md").read_text())
    with worker(tmp_path / "worker.log"), web_server(tmp_path / "web.log", processes=1) as base:
        answers = answers_of([sh for sh, _ in calls], base, tmp_path)

    assert len(calls) == 5
    assert [by_kind(json.loads(answer)) for answer in answers] == [by_kind(json.loads(printed)) for _, printed in calls]


def answers_of(calls: list[str], base: str, folder: Path) -> list[str]:
    script = PATIENT_SLEEP + f"\necho '{MARK}'\n".join(calls).replace("http://localhost:8000", base)
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.split(MARK)


def by_kind(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: by_kind(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [by_kind(inner) for inner in value]
    if isinstance(value, str):
        return next((f"<{kind}>" for kind, pattern in KINDS.items() if pattern.fullmatch(value)), value)
    return value
