"""S3 for tests: moto's server in a process of its own.

If moto checks keys, it checks the signature of each request, but answers signed URLs and forms with a 500. If it does
not, it serves these and checks neither signature nor policy.
"""

import json
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import requests
from botocore.config import Config

from bikerental.media.s3 import MediaStorage
from compose.bare.processes import free_port
from tests.live import listens, process, wait_for

REGION = "eu-central-1"
NO_PATIENCE = Config(
    signature_version="s3v4", connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 1}
)


class S3(NamedTuple):
    """A server, and the keys of a user with all rights."""

    url: str
    access_key: str
    secret_key: str

    def client(self, service: str = "s3") -> Any:
        keys = {"aws_access_key_id": self.access_key, "aws_secret_access_key": self.secret_key}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def new_bucket(self) -> str:
        name = f"media-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def options(self, bucket: str, **options: Any) -> dict[str, Any]:
        """Options for settings.STORAGES: as in production, with an endpoint, and with keys because there is no
        role."""
        return {
            "bucket_name": bucket,
            "endpoint_url": self.url,
            "region_name": REGION,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "default_acl": None,
            "file_overwrite": False,
            "client_config": NO_PATIENCE,
        } | options

    def storage(self, bucket: str, **options: Any) -> MediaStorage:
        return MediaStorage(**self.options(bucket, **options))


@contextmanager
def s3_server(log: Path, *, asks_for_keys: bool = False) -> Iterator[S3]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port))
    with process(*command, env=os.environ | {"MOTO_S3_CUSTOM_ENDPOINTS": url}, log=log) as running:
        wait_for(lambda: listens(port), running, log)
        yield _with_user(url) if asks_for_keys else S3(url, "access", "secret")


def _with_user(url: str) -> S3:
    """Create a user while keys are not checked. From then on they are."""
    iam = S3(url, "nobody", "nobody").client("iam")
    iam.create_user(UserName="media")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_user_policy(
        UserName="media",
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName="media")["AccessKey"]
    requests.post(f"{url}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()
    return S3(url, key["AccessKeyId"], key["SecretAccessKey"])
