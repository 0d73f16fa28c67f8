"""The admin's pages while the database is away or read-only."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
import sentry_sdk
from django.contrib.admin import AdminSite
from django.contrib.sessions.models import Session as BrowserSession
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest
from django.test import Client
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)
each_context = AdminSite.each_context
SENTENCES = {
    "en": "The service is away or too busy for a moment; nothing was half done. Try again.",
    "ru": "Сервис сейчас недоступен или перегружен; ничего не осталось сделанным наполовину. Повторите попытку.",
}


class Events(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def capture_envelope(self, envelope: sentry_sdk.envelope.Envelope) -> None:
        self.count += envelope.get_event() is not None


@pytest.fixture
def events() -> Iterator[Events]:
    events = Events()
    client = sentry_sdk.Client(
        dsn="https://key@sentry.invalid/1",
        transport=events,
        integrations=[DjangoIntegration(), LoggingIntegration()],
        auto_enabling_integrations=False,
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        yield events


@pytest.fixture
def operator() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(email="operator@example.org", is_staff=True, is_superuser=True))
    return client


@contextmanager
def terminated(*, at: str) -> Iterator[None]:
    """PostgreSQL ends the connection at the statement that contains this text."""
    execute = CursorWrapper.execute
    other = connection.copy()

    def end_first(self: CursorWrapper, sql: str, params: object = None) -> object:
        if at in sql:
            other.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
        return execute(self, sql, params)

    with patch.object(CursorWrapper, "execute", end_first):
        yield
    connection.close()
    other.close()


@contextmanager
def read_only() -> Iterator[None]:
    connection.cursor().execute("SET default_transaction_read_only = on")
    try:
        yield
    finally:
        connection.close()


@pytest.mark.parametrize("language", SENTENCES)
def test_a_page_says_that_the_database_is_away(operator: Client, events: Events, language: str) -> None:
    with terminated(at="django_session"):
        answer = operator.get("/admin/fleet/bike/", headers={"Accept-Language": language})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == SENTENCES[language]
    assert events.count == 0


def test_a_login_says_that_the_database_only_reads(events: Events) -> None:
    make_user(email="operator@example.org", is_staff=True, is_superuser=True)
    client = Client(raise_request_exception=False)
    with read_only():
        answer = client.post("/admin/login/", {"username": "operator@example.org", "password": PASSWORD})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert events.count == 0
    assert not BrowserSession.objects.exists()


@pytest.mark.parametrize(
    "lose", [partial(terminated, at='UPDATE "django_session"'), read_only], ids=["ended", "read-only"]
)
def test_a_session_that_cannot_be_saved_is_no_logout(
    operator: Client, events: Events, lose: Callable[[], AbstractContextManager[None]]
) -> None:
    with patch.object(AdminSite, "each_context", autospec=True, side_effect=change_session), lose():
        answer = operator.get("/admin/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert events.count == 0
    assert operator.get("/admin/").status_code == 200


def change_session(site: AdminSite, request: HttpRequest) -> dict[str, Any]:
    request.session["seen"] = True
    return each_context(site, request)


def test_a_session_that_ended_meanwhile_is_refused(operator: Client, events: Events) -> None:
    def end_session(site: AdminSite, request: HttpRequest) -> dict[str, Any]:
        BrowserSession.objects.all().delete()
        return change_session(site, request)

    with patch.object(AdminSite, "each_context", autospec=True, side_effect=end_session):
        answer = operator.get("/admin/")

    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/admin/fleet/bike/", "/admin/fleet/bike/?station=1"])
def test_a_bug_on_a_page_is_reported_also_with_a_query(operator: Client, events: Events, path: str) -> None:
    with patch("bikerental.maintenance.admin.bikes.MaintainedBikeAdmin.get_queryset", side_effect=ValueError("a bug")):
        assert operator.get(path).status_code == 500

    assert events.count > 0
