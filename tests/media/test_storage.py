"""Modules that the web process does not import."""

import subprocess
import sys

import pytest

from tests.live import ROOT, environment

LOADED = "import config.wsgi, sys; print([name for name in ('boto3', 'botocore', 'PIL') if name in sys.modules])"


@pytest.mark.slow
@pytest.mark.django_db
def test_without_a_bucket_aws_and_pillow_are_not_loaded() -> None:
    command = [sys.executable, "-c", LOADED]

    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=True)

    assert run.stdout.split("\n")[-2] == "[]"
