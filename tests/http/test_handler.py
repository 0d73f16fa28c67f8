"""Our WSGI handler, called as a web server calls it."""

from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, reset_queries
from django.test import RequestFactory
from pytest_django import Settings

from bikerental.http.handler import Handler
from tests.clients import RiderClient
from tests.factories import make_user


@pytest.fixture(autouse=True)
def _signals_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """They belong to the process, and the handler changes them."""
    for signal in (request_started, request_finished):
        monkeypatch.setattr(signal, "receivers", [*signal.receivers])


def status_of(handler: Handler, environ: dict[str, Any]) -> str:
    statuses: list[str] = []
    handler(environ, lambda status, headers: statuses.append(status)).close()
    return statuses[0]


@pytest.mark.django_db(transaction=True)
def test_a_request_replaces_a_connection_that_broke_in_the_one_before() -> None:
    token = RiderClient(make_user()).tokens.access
    environ = RequestFactory().get("/api/v1/bikes/", headers={"authorization": f"Bearer {token}"}).environ
    handler = Handler()
    assert status_of(handler, environ) == "200 OK"

    connection.errors_occurred = True
    connection.connection.close()

    assert status_of(handler, environ) == "200 OK"


@pytest.mark.parametrize("is_debug", [True, False])
def test_django_runs_no_signal_handler_that_has_nothing_to_do(settings: Settings, is_debug: bool) -> None:
    settings.DEBUG = is_debug
    request_started.connect(close_old_connections)
    request_started.connect(reset_queries)
    request_finished.connect(close_old_connections)

    Handler()

    started = [handler.__name__ for handler in request_started._live_receivers(None)[0]]
    assert ("close_old_connections" in started, "reset_queries" in started) == (True, is_debug)
    assert request_finished._live_receivers(None)[0] == []
