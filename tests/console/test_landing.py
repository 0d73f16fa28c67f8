"""The page at `/`, for people and for programs."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (BROWSER, "text/html; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        ("*/*", "application/json"),  # curl
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.9", "application/json"),
        ("text/html;q=0.1, */*", "application/json"),
        ("image/png", "application/json"),
        ("", "application/json"),
    ],
)
def test_html_is_sent_only_if_the_client_prefers_it(accept: str, content_type: str) -> None:
    answer = Client().get("/", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert {"Accept", "Accept-Language"} == set(answer.headers["Vary"].split(", "))
    assert not answer.cookies


def test_a_program_gets_links_and_each_of_them_works(db: None, settings: Settings) -> None:
    settings.DOCUMENTATION_URL = "https://bikes.example/docs/"
    client = Client()

    links: dict[str, Any] = client.get("/").json()

    assert links.pop("name") == "bikerental"
    assert links.pop("description")
    assert links.pop("documentation") == "https://bikes.example/docs/"
    found = {name: client.get(link.removeprefix("http://testserver")).status_code for name, link in links.items()}
    assert found.pop("console") == 302  # to the log-in
    assert set(found.values()) == {200}
    assert set(found) == {"swagger_ui", "redoc", "swagger", "gbfs", "gbfs_2", "health"}


def test_an_operators_session_is_not_read() -> None:
    """The test has no database: a query would fail it."""
    client = Client(headers={"Accept": BROWSER})
    client.cookies["sessionid"] = "any"

    assert "console/" in client.get("/").content.decode()


def test_a_secret_path_of_the_admin_is_not_shown(settings: Settings) -> None:
    settings.ADMIN_PATH = "a-secret-path/"

    assert "console" not in Client().get("/").json()
    assert "Open the console" not in Client().get("/", headers={"Accept": "text/html"}).content.decode()


@pytest.mark.parametrize(("language", "heading"), [("en", "A city's bike sharing"), ("ru", "Городской велопрокат")])
def test_the_page_is_in_the_readers_language(language: str, heading: str) -> None:
    page = Client().get("/", headers={"Accept": BROWSER, "Accept-Language": language}).content.decode()

    assert f'<html lang="{language}">' in page
    assert f"<h1>{heading}</h1>" in page


def test_it_links_to_the_documentation_that_a_setting_names(settings: Settings) -> None:
    address = "https://bikes.example/docs/"
    without = Client().get("/", headers={"Accept": BROWSER}).content.decode()
    settings.DOCUMENTATION_URL = address

    assert address not in without
    assert f'href="{address}"' in Client().get("/", headers={"Accept": BROWSER}).content.decode()
