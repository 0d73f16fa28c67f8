"""Every error is a problem document with exactly the contract's content."""

import logging

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

EXPECTED = [
    ("field", 400, "invalid"),
    ("odd", 400, "odd"),
    ("unknown", 401, "credentials_invalid"),
    ("closed", 403, "closed"),
    ("gone", 404, "gone"),
    ("busy", 409, "busy"),
    ("reused", 422, "reused"),
    ("throttled-refusal", 429, "throttled"),
    ("unavailable", 503, "unavailable"),
    ("parse", 400, "parse_error"),
    ("not-authenticated", 401, "not_authenticated"),
    ("authentication-failed", 401, "token_invalid"),
    ("permission", 403, "forbidden"),
    ("django-permission", 403, "forbidden"),
    ("http404", 404, "not_found"),
    ("drf-not-found", 404, "not_found"),
    ("not-acceptable", 406, "not_acceptable"),
    ("throttled", 429, "throttled"),
    ("nested", 400, "invalid"),
    ("list", 400, "invalid"),
    ("suspicious", 400, "parse_error"),
    ("too-big", 413, "too_large"),
    ("unreadable", 400, "parse_error"),
    ("lost", 503, "unavailable"),
    ("lock-timeout", 503, "unavailable"),
    ("interface", 503, "unavailable"),
    ("broken-off", 503, "unavailable"),
    ("idle-too-long", 503, "unavailable"),
    ("read-only", 503, "unavailable"),
    ("bug", 500, "internal_error"),
    ("sql", 500, "internal_error"),
    ("aborted", 500, "internal_error"),
]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("base", ["/api/test/raise/", "/plain/raise/"])
@pytest.mark.parametrize(("name", "status", "code"), EXPECTED)
def test_an_error_is_a_problem(
    client: APIClient, settings: Settings, name: str, status: int, code: str, base: str, debug: bool
) -> None:
    settings.DEBUG = debug

    response = client.get(f"{base}{name}/", headers={"X-Request-ID": "one.two-3"})

    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:bikerental:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == "one.two-3"
    assert ("errors" in problem) == (status == 400)
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


def errors_of(client: APIClient, name: str) -> list[dict[str, str]]:
    errors: list[dict[str, str]] = client.get(f"/api/test/raise/{name}/").json()["errors"]
    return errors


def test_a_field_refusal_names_its_field(client: APIClient) -> None:
    assert errors_of(client, "field") == [{"field": "name", "code": "name_taken", "detail": "Taken."}]


def test_nested_errors_come_with_dotted_paths(client: APIClient) -> None:
    assert errors_of(client, "nested") == [
        {"field": "rider.name", "code": "max_length", "detail": "Too long."},
        {"field": "stops.1.latitude", "code": "max_value", "detail": "Too far north."},
        {"field": "", "code": "differ", "detail": "They differ."},
    ]


def test_an_error_of_no_field_has_an_empty_one(client: APIClient) -> None:
    assert errors_of(client, "list") == [{"field": "", "code": "invalid", "detail": "Wrong."}]


@pytest.mark.parametrize("name", ["unknown", "not-authenticated", "authentication-failed"])
def test_a_401_asks_for_a_token(client: APIClient, name: str) -> None:
    assert client.get(f"/api/test/raise/{name}/").headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("name", "seconds"), [("throttled-refusal", "2"), ("throttled", "7"), ("unavailable", "2"), ("lost", "2")]
)
@pytest.mark.parametrize("base", ["/api/test/raise/", "/plain/raise/"])
def test_retry_after_is_in_whole_seconds_rounded_up(client: APIClient, base: str, name: str, seconds: str) -> None:
    assert client.get(f"{base}{name}/").headers["Retry-After"] == seconds


@pytest.mark.parametrize("base", ["/api/test/raise/", "/plain/raise/"])
def test_a_bug_is_logged_once_with_its_traceback(
    client: APIClient, caplog: pytest.LogCaptureFixture, base: str
) -> None:
    with caplog.at_level(logging.ERROR):
        client.get(f"{base}bug/")

    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info
    assert record.exc_info[0] is KeyError


def test_a_refusal_is_not_logged_as_an_error(client: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        client.get("/api/test/raise/busy/")

    assert not caplog.records


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing/", "/api/v1/rentals/not-a-uuid/", "/metrics/"])
def test_an_unknown_path_is_a_problem(client: APIClient, settings: Settings, path: str, debug: bool) -> None:
    settings.DEBUG = debug

    response = client.get(path)

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("debug", [False, True])
def test_a_bad_host_is_a_problem(client: APIClient, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    settings.ALLOWED_HOSTS = ["bikes.example.org"]

    response = client.get("/api/v1/bikes/", headers={"Host": "evil.example.org"})

    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"


def test_a_missing_csrf_token_is_a_problem() -> None:
    response = APIClient(enforce_csrf_checks=True).post("/plain/raise/bug/")

    assert response.status_code == 403
    assert response.json()["code"] == "forbidden"


def test_a_405_says_what_is_allowed(client: APIClient) -> None:
    response = client.delete("/api/test/echo/")

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("name", ["bug", "http404", "suspicious", "django-permission"])
def test_the_admin_answers_people_with_pages(client: APIClient, name: str) -> None:
    response = client.get(f"/admin/raise/{name}/")

    assert response.status_code == {"bug": 500, "http404": 404, "suspicious": 400, "django-permission": 403}[name]
    assert response.headers["Content-Type"].startswith("text/html")


def test_details_follow_the_language_and_codes_do_not(client: APIClient) -> None:
    english = client.get("/api/v1/bikes/", headers={"Accept-Language": "en"}).json()
    russian = client.get("/api/v1/bikes/", headers={"Accept-Language": "ru"}).json()

    assert english["code"] == russian["code"] == "not_authenticated"
    assert english["detail"] != russian["detail"]


def test_refusals_before_the_views_are_translated(client: APIClient) -> None:
    client.get("/api/v1/bikes/", headers={"Accept-Language": "ru"})  # the last language of the thread

    too_large = client.generic("POST", "/api/test/echo/", b"x" * (1024 * 1024 + 1), content_type="application/json")

    assert too_large.json()["detail"] == "The body is larger than 1 MiB."
