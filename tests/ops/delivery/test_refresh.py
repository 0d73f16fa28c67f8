"""`compose/production/refresh`, with an AWS CLI that keeps the parameter and answers as told."""

import os
from pathlib import Path

import pytest

from tests.ops.delivery.standin import ROOT, run

AWS = """#!/bin/bash
echo "$1 $2 $*" | cut -d' ' -f1,2 >>calls
case "$1 $2" in
  "ssm get-parameter") cat image ;;
  "ssm put-parameter") while [[ $1 != --value ]]; do shift; done; echo "$2" | tee image >>named ;;
  "autoscaling start-instance-refresh") cat image >started; echo an-id ;;
  "autoscaling describe-instance-refreshes") if grep -q broken started; then echo Failed; else echo Successful; fi ;;
esac
"""


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    (tmp_path / "image").write_text("registry.example/bikerental:one\n")
    return tmp_path


def refresh(account: Path, image: str) -> "tuple[int, str]":
    path = {"PATH": f"{account}:{os.environ['PATH']}", "REFRESH_PAUSE": "0"}
    done = run(str(ROOT / "compose/production/refresh"), "bikerental", image, environment=path, at=account)
    return done.returncode, done.stdout + done.stderr


def test_the_image_is_named_before_the_hosts_are_replaced(account: Path) -> None:
    assert refresh(account, "registry.example/bikerental:two") == (
        0,
        "Every host of bikerental runs registry.example/bikerental:two.\n",
    )
    assert (account / "started").read_text() == "registry.example/bikerental:two\n"


def test_hosts_that_stay_unhealthy_bring_the_last_image_back(account: Path) -> None:
    code, said = refresh(account, "registry.example/bikerental:broken")

    assert (code, "Back to registry.example/bikerental:one." in said) == (1, True)
    assert (account / "started").read_text() == "registry.example/bikerental:one\n"
