"""The base of the API's views and how they read what was sent."""

from functools import cache
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView


class ApiView(APIView):
    """Needs a logged-in rider unless a view says otherwise."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # There is one representation; a client that asks for another gets it all the same
        # rather than an error about the header.
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        # All answers, tokens and refusals among them: nearly each is somebody's own.
        answer["Cache-Control"] = "no-store"
        return answer


def read(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
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
