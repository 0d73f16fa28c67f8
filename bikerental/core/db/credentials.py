"""The database's user and password, from AWS Secrets Manager, where a rotation changes them while the service runs.

Import it only where a secret is set up: the AWS client takes memory in each process.
"""

import json
import logging
import threading
import time
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)

# How long the secret is not read after Secrets Manager did not answer. A waiting call holds a thread.
RETRY_SECONDS = 10.0
# A rotation sets the password and moves the label, in one order or the other, with a pause between.
STAGES = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS")
_LIMITS = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


class Credentials(NamedTuple):
    user: str
    password: str


class Secret:
    """A secret as AWS keeps it for RDS: JSON with `username` and `password`. Thread-safe."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client: Any = boto3.client("secretsmanager", region_name=arn.split(":")[3], config=_LIMITS)
        self._lock = threading.Lock()
        self._known: list[Credentials] = []  # the one that worked last comes first
        self._read_at = float("-inf")
        self._retry_at = float("-inf")

    def candidates(self) -> list[Credentials]:
        """The credentials that were read last; those that worked come first. Only the first call reads them."""
        with self._lock:
            if not self._known:
                self._read()
            return list(self._known)

    def candidates_anew(self, *, since: float) -> list[Credentials]:
        """Read again, unless another thread has done so since that time of the monotonic clock.

        Many threads are refused at once. If Secrets Manager does not answer: what was read last.
        """
        with self._lock:
            if self._read_at < since and time.monotonic() > self._retry_at:
                try:
                    self._read()
                except (BotoCoreError, ClientError) as error:
                    self._retry_at = time.monotonic() + RETRY_SECONDS
                    logger.warning("The database's secret cannot be read again: %s", type(error).__name__)
            return list(self._known)

    def worked(self, credentials: Credentials) -> None:
        with self._lock:
            if credentials in self._known[1:]:
                self._known.remove(credentials)
                self._known.insert(0, credentials)

    def _read(self) -> None:
        at = time.monotonic()
        found = [self._stage(stage) for stage in STAGES]
        self._known = list(dict.fromkeys(each for each in found if each is not None))
        self._read_at = at

    def _stage(self, stage: str) -> Credentials | None:
        try:
            answer = self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except ClientError as error:
            if stage != "AWSCURRENT" and error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        document = json.loads(answer["SecretString"])
        return Credentials(document["username"], document["password"])
