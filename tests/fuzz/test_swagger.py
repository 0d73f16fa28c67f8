"""Schemathesis over the whole Swagger document, against the real web server.

The suite has a short run. `FUZZ_EXAMPLES=300 make test ARGS="tests/fuzz -s"` is a long one, and `FUZZ_SEED` repeats a
printed seed.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from bikerental.users.services import access_tokens_issue
from tests.factories import make_bike, make_rental, make_station, make_user
from tests.live import web_server

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
SECONDS = 600 + 60 * EXAMPLES
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("hooks.py")
CALLS = 600


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_answer_is_other_than_the_document_says(tmp_path: Path) -> None:
    # One seed by default, so that a change is not judged by luck. FUZZ_EXAMPLES searches further.
    is_search = "FUZZ_EXAMPLES" in os.environ
    seed = os.environ.get("FUZZ_SEED") or (str(random.SystemRandom().randrange(2**32)) if is_search else "24742964")
    rider, other = make_user(), make_user()
    accesses = access_tokens_issue(user_ids=[rider.pk, other.pk], lifetime=timedelta(days=1), now=timezone.now())
    station = make_station()
    for _ in range(20):
        make_bike(station=station)
    make_rental(rider=rider, started_at=timezone.now())
    # The examples log in as this rider. The calling rider has another password and stays.
    make_user(email="rider@example.org", password="correct-horse-7")
    answers, log = tmp_path / "answers", tmp_path / "web.log"

    with web_server(log) as address:
        document = requests.get(f"{address}/api/swagger.json", timeout=60).json()
        run = schemathesis(address, accesses=accesses, seed=seed, answers=answers)

    counted = Counter(answers.read_text().splitlines())
    table = "\n".join(f"{times:6} {answer}" for answer, times in sorted(counted.items()))
    sys.stdout.write(f"Schemathesis, seed {seed}, {EXAMPLES} examples:\n{run.stdout}\n{table}\n")
    assert run.returncode == 0, f"FUZZ_SEED={seed}\n{run.stdout}{run.stderr}\n{log.read_text()[-2000:]}"
    assert {answer.rsplit(" ", 2)[0] for answer in counted} == {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert counted.total() > CALLS


def schemathesis(address: str, *, accesses: list[str], seed: str, answers: Path) -> "subprocess.CompletedProcess[str]":
    riders = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {access}"}]}
        for name, access in zip(("rider", "other"), accesses, strict=True)
    ]
    logins = answers.with_name("riders.json")
    logins.write_text(json.dumps({"auth": riders}))
    return subprocess.run(
        (
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"),
            *(f"{address}/api/swagger.json", "--checks", "all"),
            *("--max-examples", str(EXAMPLES), "--seed", seed, "--no-color"),
        ),
        cwd=answers.parent,  # it writes its findings into the current folder
        env=os.environ | {"FUZZ_ANSWERS": str(answers), "FUZZ_LOGINS": str(logins), "FUZZ_HOOKS": str(HOOKS)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
