"""The API examples run as written, and use every endpoint."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.docs.swagger import Swagger
from tests.support.serving import serving
from tests.tools.playbook import API_DOCS, HTTP_FILE, SHELL_FILE, Player, read_playbook, shell_text

PLAYBOOK = read_playbook()
# A client cannot do these; examples.http gives the reasons.
BEYOND_A_CLIENT = {
    "email_not_confirmed",
    "debt_too_high",
    "claim_too_late",
    "station_closed",
    "reservations_off",
    "cancel_not_allowed",
    "unavailable",
    "request_in_progress",
    "headers_too_large",
    "internal_error",
}
RUN_SECONDS = 180
# These need the token from a mail. tests/notifications/test_ses.py does the whole way.
BY_MAIL = {("POST", "api/v1/auth/password/reset/confirm/"), ("POST", "api/v1/auth/email/confirm/")}


@pytest.mark.slow
def test_the_http_file_visits_each_endpoint_as_swagger_says(live: str) -> None:
    answers = Player(PLAYBOOK, live).play()

    swagger = Swagger(requests.get(f"{live}/api/swagger.json", timeout=30).json())
    assert visited(answers) >= set(endpoints(get_resolver().url_patterns)) - BY_MAIL
    assert [mismatch for answer in answers for mismatch in swagger.mismatches(answer)] == []


@pytest.mark.slow
def test_the_shell_script_runs_against_a_server(live: str) -> None:
    run = run_examples(live)

    assert run.returncode == 0, run.stdout[-3000:] + run.stderr
    assert re.findall(r"^# (.+)$", run.stdout, flags=re.MULTILINE) == [step.title for step in PLAYBOOK.steps]


def test_the_shell_script_stops_at_an_unexpected_answer() -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)) as wrong:  # answers 501 to all
        run = run_examples(f"http://127.0.0.1:{wrong.server_port}")

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "expected: 200"


def test_the_shell_script_makes_the_same_calls_as_the_http_file() -> None:
    assert SHELL_FILE.read_text() == shell_text(PLAYBOOK), "run: make examples"


def test_the_examples_provoke_each_documented_code() -> None:
    table = (API_DOCS / "README.md").read_text().partition("## Errors")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    named = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row.split("|")[2])}
    inner = set(re.findall(r"errors\.\d\.code=(\w+)", HTTP_FILE.read_text()))

    assert {step.code for step in PLAYBOOK.steps if step.code} | inner == named - BEYOND_A_CLIENT


def run_examples(base: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SHELL_FILE)],
        env=os.environ | {"BASE": base, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def visited(answers: list[requests.Response]) -> set[tuple[str, str]]:
    """Method and route of each call that was not refused."""
    return {
        (str(answer.request.method), resolve(str(answer.request.path_url).partition("?")[0]).route)
        for answer in answers
        if answer.ok
    }


def endpoints(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and route of everything under /api/v1/."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern.url_patterns, route)
        elif route.startswith("api/v1/") and (view := getattr(pattern.callback, "view_class", None)):
            yield from (
                (method.upper(), route) for method in ("get", "post", "patch", "put", "delete") if hasattr(view, method)
            )
