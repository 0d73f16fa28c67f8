"""The base of the API's views and how they read what was sent."""

from functools import cache
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from bikerental.http.fields import Body


class ApiView(APIView):
    """Needs a logged-in rider unless a view says otherwise."""

    # All answers, tokens and refusals among them: nearly each is somebody's own.
    cache_control = "no-store"

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # There is one representation; a client that asks for another gets it all the same
        # rather than an error about the header.
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        is_good = answer.status_code < 400
        answer["Cache-Control"] = self.cache_control if is_good else ApiView.cache_control
        if isinstance(answer, Response):
            answer.add_post_render_callback(_unlink)
        return answer


def _unlink(response: Response) -> None:
    """Let the answer go when it is sent, and not when the collector comes by.

    DRF ties it in a circle with its view and context, and a page of fifty is hundreds of objects: kept until
    then they cost a fifth of the processor's time for a history, and the process's memory.
    """
    context: Any = response.renderer_context  # type: ignore[attr-defined] # DRF sets it before it renders
    context["view"].response = None
    response.renderer_context = None  # type: ignore[attr-defined]


def read(serializer_class: type[Body], request: Request) -> dict[str, Any]:
    """What the body says, validated; keys that the serializer does not know change nothing."""
    return _validated(serializer_class, request.data)


def read_query(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """What the query says, validated; of a repeated parameter the last counts."""
    if not request.META.get("QUERY_STRING"):
        return dict(_of_no_query(serializer_class))
    return _validated(serializer_class, request.query_params.dict())


@cache
def _of_no_query(serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
    return _validated(serializer_class, {})


def _validated(serializer_class: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    validated: dict[str, Any] = _reader(serializer_class).run_validation(data)
    return validated


@cache
def _reader(serializer_class: type[Serializer[Any]]) -> Serializer[Any]:
    # One for all requests: reading keeps nothing in it, and a new one copies every field.
    return serializer_class()
