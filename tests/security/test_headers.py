"""The headers of each answer, and which headers of a request are trusted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.test import Client
from rest_framework.test import APIClient

from bikerental.http.middleware import DATA_POLICY, DOCUMENT_POLICY, PAGE_POLICY
from tests.live import PRODUCTION, ROOT, web_server

DATA = {
    "Content-Security-Policy": DATA_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "policy"),
    [
        ("get", "/health/live/", {}, 200, DATA_POLICY),
        ("get", "/api/v1/me/", {}, 401, DATA_POLICY),
        ("get", "/nowhere/", {}, 404, DATA_POLICY),
        ("put", "/api/v1/me/", {}, 401, DATA_POLICY),
        ("post", "/api/v1/auth/token/", {"data": {"email": "x" * 2**21}}, 413, DATA_POLICY),
        ("get", "/api/v1/bikes/", {"HTTP_HOST": "evil.example"}, 400, DATA_POLICY),
        ("get", "/api/swagger.json", {"HTTP_HOST": "evil.example"}, 400, DATA_POLICY),
        ("get", "/api/swagger.json", {}, 200, DATA_POLICY),
        ("get", "/api/docs/", {}, 200, DOCUMENT_POLICY),
        ("get", "/api/redoc/", {}, 200, DOCUMENT_POLICY),
        ("get", "/", {}, 200, DATA_POLICY),
        ("get", "/", {"HTTP_ACCEPT": "text/html"}, 200, PAGE_POLICY),
        ("get", "/admin/login/", {}, 200, PAGE_POLICY),
        ("get", "/admin/nowhere/", {}, 302, PAGE_POLICY),
        ("get", "/static/admin/css/base.css", {}, 200, DATA_POLICY),
    ],
)
def test_each_answer_carries_them(method: str, path: str, headers: dict[str, str], status: int, policy: str) -> None:
    answer = getattr(APIClient(raise_request_exception=False), method)(path, **headers)
    answer.close()  # a static file is open until then

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in DATA} == DATA | {"Content-Security-Policy": policy}


def test_no_policy_lets_a_script_be_inline() -> None:
    for policy in (DATA_POLICY, DOCUMENT_POLICY, PAGE_POLICY):
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert "unsafe" not in rules.get("script-src", rules["default-src"])
        assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in PAGE_POLICY


@pytest.mark.django_db
def test_a_forwarded_host_is_not_believed() -> None:
    document = Client().get("/api/swagger.json", headers={"X-Forwarded-Host": "evil.example"}).json()

    assert document["host"] == "testserver"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_other_origins_are_closed_unless_named(tmp_path: Path) -> None:
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    with web_server(tmp_path / "closed.log", processes=1) as closed:
        answer = requests.options(f"{closed}/api/v1/bikes/", headers=ask, timeout=20)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert answer.headers["server"] == "granian"  # the proxy removes it, and it has no version here either
    with web_server(tmp_path / "open.log", processes=1, CORS_ALLOWED_ORIGINS="https://app.example") as named:
        preflight = requests.options(f"{named}/api/v1/bikes/", headers=ask, timeout=20)
        refused = requests.get(f"{named}/api/v1/bikes/", headers={"Origin": "https://evil.example"}, timeout=20)
        page = requests.get(f"{named}/admin/login/", headers={"Origin": "https://app.example"}, timeout=20)

    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    allowed = set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"authorization", "content-type", "idempotency-key", "x-request-id"} <= allowed
    assert {"baggage", "sentry-trace", "traceparent", "tracestate", "x-requested-with"} <= allowed
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert "Access-Control-Allow-Origin" not in page.headers


def test_djangos_own_check_of_a_deployment_finds_nothing() -> None:
    checked = subprocess.run(
        (sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        cwd=ROOT,
        env=os.environ | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "config.settings.production"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
