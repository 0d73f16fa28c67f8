"""What Django's handler gives to the web server."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import path
from pytest_django import Settings

from bikerental.http.handler import Handler

urlpatterns = [
    path("whole/", lambda request: HttpResponse("whole")),
    path("parts/", lambda request: StreamingHttpResponse(iter([b"in ", b"parts"]))),
]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_wrapping")]


@pytest.fixture(autouse=True)
def _own_urls(_urls: None, settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def finished() -> Iterator[list[bool]]:
    """Gets an entry when Django has finished a request."""
    found: list[bool] = []

    def note(**_: Any) -> None:
        found.append(True)

    request_finished.connect(note)
    yield found
    request_finished.disconnect(note)


class Wrapped:
    """A response as Sentry's integration wraps it."""

    def __init__(self, response: HttpResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        self._response.close()


@pytest.fixture(params=[False, True], ids=["bare", "wrapped"])
def _wrapping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        call = WSGIHandler.__call__
        monkeypatch.setattr(WSGIHandler, "__call__", lambda *given: Wrapped(call(*given)))


def answer(address: str) -> Any:
    return Handler()(RequestFactory().get(address).environ, lambda status, headers: None)


def test_a_whole_body_is_a_list_and_already_closed(finished: list[bool]) -> None:
    assert answer("/whole/") == [b"whole"]
    assert finished == [True]


def test_a_stream_is_left_to_the_server(finished: list[bool]) -> None:
    stream = answer("/parts/")

    assert b"".join(stream) == b"in parts"
    assert finished == []
    stream.close()
    assert finished == [True]
