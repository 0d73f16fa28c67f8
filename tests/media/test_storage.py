"""What the web process does not carry."""

import subprocess
import sys

import pytest

from tests.live import ROOT, environment

LOADED = "import config.wsgi, sys; print([name for name in ('boto3', 'botocore', 'PIL') if name in sys.modules])"


@pytest.mark.slow
@pytest.mark.django_db
def test_without_a_bucket_a_process_starts_without_the_aws_client_and_without_pillow() -> None:
    command = [sys.executable, "-c", LOADED]

    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=True)

    assert run.stdout.split("\n")[-2] == "[]"
