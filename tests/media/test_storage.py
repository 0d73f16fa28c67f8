"""Modules that the web process does not import."""

import subprocess
import sys

import pytest

from tests.live import ROOT, environment

RARE = ("boto3", "botocore", "PIL", "jsonschema", "cryptography.x509")
LOADED = f"import config.wsgi, sys; print([name for name in {RARE} if name in sys.modules])"


@pytest.mark.slow
@pytest.mark.django_db
def test_a_start_does_not_load_modules_that_few_requests_need() -> None:
    command = [sys.executable, "-c", LOADED]

    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=True)

    assert run.stdout.split("\n")[-2] == "[]"
