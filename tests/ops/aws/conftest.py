import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from compose.bare.processes import free_port
from tests.live import listens, process, wait_for
from tests.ops.aws.terraform import REGION, Terraform, plugin_folder

PATIENT = Config(connect_timeout=5, read_timeout=60, proxies={}, s3={"addressing_style": "path"})


@pytest.fixture(scope="session")
def _terraform_is_here() -> None:
    if not shutil.which("terraform"):
        pytest.skip("terraform is not on this machine.")
    if plugin_folder() is None:
        pytest.skip("The AWS provider of Terraform is not on this machine: TF_PLUGIN_DIR names its folder.")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a moto server for this module."""
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with process(*command, env={"PATH": "/usr/bin:/bin"}, log=log) as running:
        wait_for(lambda: listens(port), running, log)
        yield f"http://127.0.0.1:{port}"


def client(service: str, endpoint: str, **credentials: str) -> Any:
    given = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, config=PATIENT, **given)


@pytest.fixture(scope="module")
def applied(_terraform_is_here: None, aws: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Everything that the module can create, with its state in a bucket as in production."""
    client("s3", aws).create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION})
    terraform = Terraform(tmp_path_factory.mktemp("terraform"), aws)
    backend = {"bucket": "state", "key": "bikerental/terraform.tfstate", "region": REGION, "use_path_style": "true"}
    terraform.init(*(f"-backend-config={name}={value}" for name, value in backend.items()))
    made = terraform.change("apply", "-auto-approve", "-parallelism=20")
    assert made.returncode == 0, made.stderr
    return terraform


@pytest.fixture(scope="module")
def settings(applied: Terraform) -> dict[str, str]:
    """The outputs for the stack."""
    told: dict[str, str] = applied.outputs()["settings"]
    return told


@pytest.fixture(scope="module")
def resources(applied: Terraform) -> dict[str, dict[str, Any]]:
    """The created resources, by address."""
    return applied.resources()


@pytest.fixture
def checked(_terraform_is_here: None, tmp_path: Path) -> Terraform:
    terraform = Terraform(tmp_path, "http://127.0.0.1:1")
    (terraform.folder / "trial_override.tf").unlink()
    terraform.init("-backend=false")
    return terraform
