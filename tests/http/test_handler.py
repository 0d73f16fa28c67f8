"""Our WSGI handler, called as a web server calls it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as configured
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, reset_queries
from django.test import RequestFactory
from pytest_django import Settings

from bikerental.http.handler import PATHS_MAX, BoundedRequest, Handler, _match
from tests.clients import RiderClient
from tests.factories import make_user


@pytest.fixture(autouse=True)
def _process_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The handler changes the process's signals, and remembers these tests' routes."""
    for signal in (request_started, request_finished):
        monkeypatch.setattr(signal, "receivers", [*signal.receivers])
    yield
    _match.cache_clear()


def status_of(handler: Handler, environ: dict[str, Any]) -> str:
    statuses: list[str] = []
    handler(environ, lambda status, headers: statuses.append(status)).close()
    return statuses[0]


@pytest.mark.django_db(transaction=True)
def test_a_request_replaces_a_connection_that_broke_before() -> None:
    token = RiderClient(make_user()).tokens.access
    environ = RequestFactory().get("/api/v1/bikes/", headers={"authorization": f"Bearer {token}"}).environ
    handler = Handler()
    assert status_of(handler, environ) == "200 OK"

    connection.errors_occurred = True
    connection.connection.close()

    assert status_of(handler, environ) == "200 OK"


@pytest.mark.parametrize("is_debug", [True, False])
def test_idle_signal_handlers_are_disconnected(settings: Settings, is_debug: bool) -> None:
    settings.DEBUG = is_debug
    request_started.connect(close_old_connections)
    request_started.connect(reset_queries)
    request_finished.connect(close_old_connections)

    Handler()

    started = [handler.__name__ for handler in request_started._live_receivers(None)[0]]
    assert ("close_old_connections" in started, "reset_queries" in started) == (True, is_debug)
    assert request_finished._live_receivers(None)[0] == []


def test_connections_that_are_not_kept_close_after_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(configured.DATABASES["default"], "CONN_MAX_AGE", 0)
    request_finished.connect(close_old_connections)

    Handler()

    assert [handler.__name__ for handler in request_finished._live_receivers(None)[0]] == ["close_old_connections"]
    request_finished.disconnect(close_old_connections)


def test_the_route_of_a_path_is_found_once() -> None:
    bike = UUID(int=7)
    paths = ("/api/v1/bikes/", f"/api/v1/bikes/{bike}/", "/api/v1/nothing/", "/api/v1/bikes/")
    handler = Handler()

    requests = [BoundedRequest(RequestFactory().get(path).environ) for path in paths]
    for request in requests:
        handler.get_response(request)

    bikes, one, nothing, again = (request.resolver_match for request in requests)
    assert bikes is again
    assert bikes is not None
    assert bikes.route == "api/v1/bikes/"
    assert one is not None
    assert one.kwargs == {"bike_id": bike}
    assert nothing is None


def test_only_so_many_paths_are_remembered() -> None:
    for number in range(PATHS_MAX + 1):
        _match(f"/api/v1/bikes/{UUID(int=number)}/")

    assert _match.cache_info().currsize == PATHS_MAX


def test_long_paths_are_not_remembered() -> None:
    handler = Handler()
    before = _match.cache_info().currsize
    request = BoundedRequest(RequestFactory().get(f"/admin/{'x' * 5000}/").environ)

    handler.get_response(request)

    assert request.resolver_match is not None
    assert _match.cache_info().currsize == before
