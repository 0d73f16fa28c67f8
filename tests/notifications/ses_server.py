"""A fake AWS (moto) in a process of its own. Tests can read what SES was sent."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

import boto3
import requests

from compose.bare.processes import free_port
from tests.live import answers, process, wait_for

REGION = "eu-central-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}


class Aws:
    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def environment(self) -> dict[str, str]:
        """The differences from production: the address of AWS, and the credentials."""
        return CREDENTIALS | {"AWS_ENDPOINT_URL_SESV2": self.url, "AWS_ENDPOINT_URL_SNS": self.url}

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **keys)

    def reset(self) -> None:
        requests.post(f"{self.url}/moto-api/reset", timeout=10)

    def sent(self) -> list[Message]:
        data = requests.get(f"{self.url}/moto-api/data.json", timeout=10).json()
        return [message_from_string(each["raw_data"]) for each in data.get("ses", {}).get("RawMessage", [])]


@contextmanager
def aws_server() -> Iterator[Aws]:
    port = free_port()
    command = (sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "moto.log"
        with process(*command, env={"PATH": "/usr/bin:/bin"} | CREDENTIALS, log=log) as running:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{url}/moto-api/data.json"), running, log)
            yield Aws(url)
