"""The database's password is rotated in Secrets Manager while riders are served: no restart, no failed request."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import EndpointConnectionError
from django.db import connection

from bikerental.core.db.credentials import Credentials, Secret
from tests.clients import RiderClient
from tests.factories import make_user
from tests.live import database_url, web_server
from tests.ops.aws.conftest import client
from tests.support.threads import until_set
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROLE = "rotated"


def sql(statement: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def document(password: str) -> str:
    return json.dumps({"username": ROLE, "password": password})


@pytest.fixture
def role() -> Iterator[None]:
    """A role that may do what ours may, and must give its password."""
    [owner] = sql("SELECT current_user")
    sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'first' IN ROLE \"{owner}\"")
    try:
        yield
    finally:
        sql(f"DROP ROLE {ROLE}")


def address_without_login() -> str:
    scheme, _, rest = database_url().partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


@contextmanager
def load(url: str, token: str, failures: list[str]) -> Iterator[list[int]]:
    """Requests that each open a connection."""
    over, answers = threading.Event(), list[int]()

    def ask() -> None:
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        while not over.is_set():
            answer = session.get(f"{url}/api/v1/rentals/", timeout=20)
            answers.append(answer.status_code)
            if answer.status_code != 200:
                failures.append(answer.text[:300])

    with until_set(over, *[ask] * 3):
        yield answers


def wait_for_more(answers: list[int], number: int = 20) -> None:
    wanted = len(answers) + number
    wait_until(lambda: len(answers) >= wanted, 60, f"{number} more answers", pause=0.05)


def put(manager: Any, password: str, *, stage: str) -> str:
    made = manager.put_secret_value(SecretId="database", SecretString=document(password), VersionStages=[stage])
    return str(made["VersionId"])


def make_current(manager: Any, version: str, *, instead_of: str) -> None:
    """The version that was current becomes AWSPREVIOUS."""
    label = {"VersionStage": "AWSCURRENT", "MoveToVersionId": version, "RemoveFromVersionId": instead_of}
    manager.update_secret_version_stage(SecretId="database", **label)


def test_a_rotation_under_load_fails_no_request(aws: str, role: None, tmp_path: Path) -> None:
    manager = client("secretsmanager", aws)
    made = manager.create_secret(Name="database", SecretString=document("first"))
    keys = {
        "NO_PROXY": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws,
    }
    own = {"DATABASE_URL": address_without_login(), "DATABASE_SECRET": made["ARN"], "CONN_MAX_AGE": "0", **keys}
    failures: list[str] = []
    token = RiderClient(make_user()).tokens.access

    with web_server(tmp_path / "log", processes=1, **own) as url, load(url, token, failures) as answers:
        wait_for_more(answers)
        # As AWS rotates: the new password waits, the server gets it, the label moves.
        second = put(manager, "second", stage="AWSPENDING")
        sql(f"ALTER ROLE {ROLE} PASSWORD 'second'")
        wait_for_more(answers)
        make_current(manager, second, instead_of=made["VersionId"])
        wait_for_more(answers)
        # As Terraform rotates: the secret first, the server later.
        make_current(manager, put(manager, "third", stage="NEW"), instead_of=second)
        wait_for_more(answers)
        sql(f"ALTER ROLE {ROLE} PASSWORD 'third'")
        wait_for_more(answers)

    assert failures == []
    assert set(answers) == {200}


class Manager:
    """Secrets Manager that stops answering."""

    def __init__(self) -> None:
        self.is_away = False
        self.calls = 0

    def get_secret_value(self, **_: str) -> dict[str, str]:
        self.calls += 1
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="https://secrets.example")
        return {"SecretString": document("first")}


def test_without_secrets_manager_the_known_password_is_used() -> None:
    secret, manager = Secret("arn:aws:secretsmanager:eu-central-1:1:secret:database"), Manager()
    secret._client = manager
    assert secret.candidates() == [Credentials(ROLE, "first")]
    manager.is_away = True
    calls = manager.calls

    for _ in range(3):
        assert secret.candidates_anew(since=time.monotonic()) == [Credentials(ROLE, "first")]

    assert manager.calls == calls + 1
