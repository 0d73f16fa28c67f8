"""An API request skips the middlewares of pages, and its answer is the same."""

from typing import Any

import pytest
from django.conf import settings as configured
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.clients import RiderClient
from tests.factories import make_bike, make_user

pytestmark = pytest.mark.django_db

FRAME = {"bikerental.http.frame.ApiFrame", "bikerental.http.frame.Innermost"}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("get", "/api/v1/bikes/", {}),
    ("get", "/api/v1/bikes/", {"HTTP_ACCEPT_LANGUAGE": "ru"}),
    ("get", "/api/v1/bikes/?status=blue", {"HTTP_ACCEPT_LANGUAGE": "ru,en;q=0.5"}),
    ("get", "/api/v1/rentals/current/", {"HTTP_ACCEPT_LANGUAGE": "xx"}),
    ("get", "/api/v1/nowhere/", {"HTTP_ACCEPT_LANGUAGE": "ru"}),
    ("put", "/api/v1/me/", {}),
    ("head", "/api/v1/me/", {}),
    ("options", "/api/v1/me/", {}),
    ("get", "/api/v1/me/export/", {}),
    ("get", "/api/v1/me/", {"HTTP_HOST": "evil.example", "HTTP_ACCEPT_LANGUAGE": "ru"}),
]


def answer(client: APIClient, method: str, path: str, extra: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    response = getattr(client, method)(path, HTTP_X_REQUEST_ID="same", **extra)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    headers = dict(response.headers)
    if method != "head" and not response.streaming:
        # The long way sets it on every answer except the refusal of a host.
        assert headers.pop("Content-Length", str(len(content))) == str(len(content))
    return response.status_code, headers, content


@pytest.mark.parametrize("is_logged_in", [True, False])
@pytest.mark.parametrize(("method", "path", "extra"), CALLS)
def test_the_short_frame_answers_as_all_middlewares_do(
    method: str, path: str, extra: dict[str, Any], is_logged_in: bool, settings: Settings
) -> None:
    make_bike()
    client = RiderClient(make_user()) if is_logged_in else APIClient()
    client.raise_request_exception = False

    short = answer(client, method, path, extra)
    settings.MIDDLEWARE = [name for name in configured.MIDDLEWARE if name not in FRAME]
    client.handler.load_middleware()

    assert short == answer(client, method, path, extra)


@pytest.mark.parametrize("path", ["/api/v1/bikes/", "/mds/vehicles"])
def test_an_api_request_runs_neither_session_nor_csrf(
    path: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[str] = []

    def meet(self: Any, request: Any) -> None:
        met.append(request.path)

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", meet)
    monkeypatch.setattr("django.middleware.csrf.CsrfViewMiddleware.process_request", meet)
    client = APIClient(raise_request_exception=False)
    client.get(path)
    assert met == []

    client.get("/health/live/")
    assert met == ["/health/live/"] * 2
