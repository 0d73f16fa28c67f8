"""The API examples run as written, in httpYac and in curl, and use every endpoint."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.docs.swagger import Answer, Swagger
from tests.live import ROOT
from tests.support.serving import serving
from tests.tools.playbook import API_DOCS, SHELL_FILE, read_playbook, shell_text

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
REFUSED = 400  # and above
# What httpYac counts in a report without a failure.
SUCCESS = {"totalRequests", "successRequests", "totalTests", "successTests"}
# These need the token from a mail. tests/notifications/test_ses.py does the whole way.
BY_MAIL = {("POST", "api/v1/auth/password/reset/confirm/"), ("POST", "api/v1/auth/email/confirm/")}


@pytest.mark.slow
def test_httpyac_visits_each_endpoint_as_swagger_says(programs: Path, live: str, tmp_path: Path) -> None:
    printed = run_httpyac(programs, live, tmp_path, "--json", "--output", "exchange")

    report = json.loads(printed)
    assert {name for name, number in report["summary"].items() if number} == SUCCESS
    assert checks(report) == {step.title: len(step.assertions) for step in PLAYBOOK.steps if not step.awaited}
    answers = [answer_of(request["response"]) for request in report["requests"] if "response" in request]
    document = next(answer for answer in answers if answer.path == "/api/swagger.json")
    swagger = Swagger(json.loads(document.body))
    assert visited(answers) >= set(endpoints(get_resolver().url_patterns)) - BY_MAIL
    assert [mismatch for answer in answers for mismatch in swagger.mismatches(answer)] == []


@pytest.mark.slow
def test_httpyac_runs_again_on_the_same_server(programs: Path, live: str, tmp_path: Path) -> None:
    for _ in range(2):
        printed = run_httpyac(programs, live, tmp_path)

        titles = re.findall(r"^=== (.+) ===$", printed, flags=re.MULTILINE)
        assert list(dict.fromkeys(titles)) == [step.title for step in PLAYBOOK.steps]


def test_each_request_says_which_status_is_expected() -> None:
    assert [step.title for step in PLAYBOOK.steps if not any(it.startswith("status ") for it in step.assertions)] == []


@pytest.mark.slow
def test_the_shell_script_runs_against_a_server(live: str) -> None:
    run = run_examples(live)

    assert run.returncode == 0, run.stdout[-3000:] + run.stderr
    assert re.findall(r"^# (.+)$", run.stdout, flags=re.MULTILINE) == [step.title for step in PLAYBOOK.steps]


def test_the_shell_script_stops_at_an_unexpected_answer() -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)) as wrong:  # answers 501 to all
        run = run_examples(f"http://127.0.0.1:{wrong.server_port}")

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "expected: status == 200"


def test_the_shell_script_makes_the_same_calls_as_the_http_file() -> None:
    assert SHELL_FILE.read_text() == shell_text(PLAYBOOK), "run: make examples"


def test_the_examples_provoke_each_documented_code() -> None:
    table = (API_DOCS / "README.md").read_text().partition("## Errors")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    named = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row.split("|")[2])}

    assert {code for step in PLAYBOOK.steps for code in step.codes} == named - BEYOND_A_CLIENT


def run_httpyac(programs: Path, base: str, folder: Path, *options: str) -> str:
    """What the documented command prints about another server. It may exit before a pipe has taken all of it."""
    command = re.search(r"^npx httpyac@\S+ (.+)$", (API_DOCS / "README.md").read_text(), flags=re.MULTILINE)
    assert command
    with (folder / "printed").open("w+") as printed:
        run = subprocess.run(
            [programs / "httpyac", *shlex.split(command[1]), "--var", f"base={base}", *options],
            cwd=ROOT,
            stdout=printed,
            stderr=subprocess.STDOUT,
            timeout=RUN_SECONDS,
            check=False,
        )
        printed.seek(0)
        text = printed.read()
    failed = [line[:2000] for line in text.splitlines() if line.startswith("✖") or '"displayMessage"' in line]
    assert run.returncode == 0, failed or text[-3000:]
    return text


def checks(report: dict[str, Any]) -> dict[str, int]:
    """How many assertions httpYac has read and checked for each request. It loses count of those that it repeats."""
    once = {step.title for step in PLAYBOOK.steps if not step.awaited}
    requests = [request for request in report["requests"] if request.get("title") in once]
    return {request["title"]: len(request["testResults"]) for request in requests}


def answer_of(response: dict[str, Any]) -> Answer:
    request = response["request"]
    return Answer(request["method"], urlsplit(request["url"]).path, response["statusCode"], response["body"])


def run_examples(base: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SHELL_FILE)],
        env=os.environ | {"BASE": base, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def visited(answers: list[Answer]) -> set[tuple[str, str]]:
    """Method and route of each call that was not refused."""
    return {(answer.method, resolve(answer.path).route) for answer in answers if answer.status < REFUSED}


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
