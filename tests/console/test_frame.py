"""What all pages share: access, navigation, language, and absent pages."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from bikerental.console.pages.base import Page
from tests.console.conftest import browser_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db
HOME = "/admin/console/"


def navigation(client: Client) -> list[str]:
    page = client.get(HOME).content.decode()
    return re.findall(r"<li><a[^>]*>([^<]+)</a>", page.partition("</nav>")[0])


def test_a_stranger_is_redirected_to_the_log_in(client: Client) -> None:
    answer = client.get(f"{HOME}log/?before=1")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/console/log/%3Fbefore%3D1")


def test_a_rider_is_redirected_to_the_log_in() -> None:
    client = Client()
    client.force_login(make_user())

    assert client.get(HOME)["Location"] == "/admin/login/?next=/admin/console/"


def test_an_operator_without_the_code_is_redirected(manager: Client, settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = True

    assert manager.get(HOME)["Location"] == "/admin/login/?next=/admin/console/"


def test_an_operator_without_a_role_is_told_why() -> None:
    answer = browser_of().get(HOME)

    assert answer.status_code == 403
    assert "Your role does not include it." in answer.content.decode()


def test_the_navigation_has_what_the_role_opens(manager: Client) -> None:
    assert "Log" in navigation(manager)
    assert "Log" not in navigation(browser_of("viewer"))


def test_an_unknown_address_has_the_same_frame(manager: Client) -> None:
    answer = manager.get(f"{HOME}nothing/here/")

    assert answer.status_code == 404
    assert "<nav" in answer.content.decode()


def test_a_page_is_found_without_its_slash(manager: Client) -> None:
    assert manager.get(f"{HOME}log")["Location"] == f"{HOME}log/"


def test_no_page_stays_in_a_cache(manager: Client) -> None:
    assert manager.get(HOME)["Cache-Control"] == "no-store"


def test_a_page_without_a_permission_is_not_served() -> None:
    class Open(Page):
        pass

    with pytest.raises(ImproperlyConfigured):
        Open.as_view()


def test_the_chosen_language_stays(manager: Client) -> None:
    chosen = manager.post(f"{HOME}language/", {"language": "ru", "next": f"{HOME}log/"})

    assert chosen["Location"] == f"{HOME}log/"
    assert '<html lang="ru">' in manager.get(HOME).content.decode()
    assert chosen.cookies["django_language"]["path"] == "/admin/"


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_choosing_a_language_leads_nowhere_else(manager: Client, back: str) -> None:
    answer = manager.post(f"{HOME}language/", {"language": "xx", "next": back})

    assert (answer["Location"], "django_language" in answer.cookies) == (HOME, False)
