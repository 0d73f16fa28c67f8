"""The operators' error pages: they look like the console and say what to do, in the reader's language."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from tests.console.conftest import browser_of
from tests.factories import make_bike
from tests.support.russian import VisibleText, english_words

pytestmark = pytest.mark.django_db


def text_of(answer: Any) -> str:
    return " ".join(" ".join(VisibleText(answer.content.decode()).texts).split())


@pytest.fixture
def strict() -> Client:
    """A manager, in a browser whose forms need their CSRF token. Errors are answered, not raised."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(browser_of("manager").operator)
    return client


@pytest.mark.parametrize(
    ("method", "path", "status", "english"),
    [
        ("post", "/admin/console/operators/01a20844-d8b0-7c11-9d2e-3f4a5b6c7d8e/", 403, "The form was not accepted"),
        ("post", "/admin/login/", 403, "The form was not accepted"),
        ("get", "/admin/auth/group/", 403, "You may not open this page"),
        ("get", "/admin/nowhere/", 404, "There is nothing here"),
        ("get", "/admin/fleet/bike/?q=%00", 400, "This request cannot be understood"),
    ],
)
def test_an_error_page_says_what_to_do(strict: Client, method: str, path: str, status: int, english: str) -> None:
    answers = [getattr(strict, method)(path, headers={"Accept-Language": language}) for language in ("en", "ru")]

    assert [answer.status_code for answer in answers] == [status, status]
    in_english, in_russian = map(text_of, answers)
    assert english in in_english
    assert english_words(in_russian) == []
    assert reverse("console:today") in answers[0].content.decode()
    assert "console/console.css" in answers[0].content.decode()


def test_a_server_error_shows_no_details(strict: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Any, request: HttpRequest, **ids: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("bikerental.console.pages.rides.BikePage.get", fail)

    answer = strict.get(reverse("console:bike", args=[make_bike().pk]), headers={"Accept-Language": "ru"})

    assert answer.status_code == 500
    assert "Что-то сломалось у нас" in text_of(answer)
    assert "secret" not in answer.content.decode()
