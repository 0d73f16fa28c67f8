"""A deploy is reported to Sentry."""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from compose.bare.processes import free_port
from tests.ops.delivery.standin import run
from tests.support.serving import serving

Call = tuple[str, str | None, dict[str, object]]
SENTRY = {"SENTRY_AUTH_TOKEN": "token-of-the-trial", "SENTRY_ORG": "city", "SENTRY_PROJECT": "bikes"}


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[Call]]]:
    """A server that notes the calls, and its address."""
    calls: list[Call] = []

    class Noting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append((self.path, self.headers["Authorization"], body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Noting)) as server:
        yield f"http://127.0.0.1:{server.server_port}", calls


def record(**settings: str) -> tuple[int, str]:
    environment = {"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1", **settings}
    done = run("compose/production/record", "staging", "abc123", "https://staging.example", environment=environment)
    return done.returncode, done.stdout + done.stderr


def test_sentry_gets_the_release_and_then_the_deploy(sentry: tuple[str, list[Call]]) -> None:
    address, calls = sentry

    assert record(SENTRY_URL=address, **SENTRY) == (0, "Sentry knows that abc123 runs in staging.\n")

    releases = "/api/0/organizations/city/releases/"
    assert calls == [
        (releases, "Bearer token-of-the-trial", {"version": "abc123", "projects": ["bikes"]}),
        (
            f"{releases}abc123/deploys/",
            "Bearer token-of-the-trial",
            {"environment": "staging", "url": "https://staging.example"},
        ),
    ]


def test_without_a_token_sentry_is_not_called(sentry: tuple[str, list[Call]]) -> None:
    address, calls = sentry

    assert record(SENTRY_URL=address) == (0, "")
    assert calls == []


def test_a_deploy_goes_on_if_sentry_does_not_answer() -> None:
    code, said = record(SENTRY_URL=f"http://127.0.0.1:{free_port()}", **SENTRY)

    assert code == 0
    assert "Sentry did not record the deploy of abc123 to staging." in said
