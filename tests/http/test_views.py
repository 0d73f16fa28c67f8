"""What all views of the API share."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from bikerental.http.views import ApiView


class Page(ApiView):
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"results": [{"number": number} for number in range(50)]})


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
def test_an_answer_is_freed_when_it_is_sent() -> None:
    response = Page.as_view()(APIRequestFactory().get("/"))
    response.render()
    assert len(response.data["results"]) == 50
    left = weakref.ref(response)

    del response

    assert left() is None
