"""The base class of the API's views, and how they read bodies and queries."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from bikerental.http.fields import Body


class ApiView(APIView):
    """Needs a logged-in rider unless a view says otherwise."""

    # For all responses, including tokens and refusals: nearly every response is personal.
    cache_control = "no-store"
    path_examples: ClassVar[Mapping[str, object]] = {}  # of the document, by the parameter's name

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # There is one representation. A client that asks for another one gets it too, instead of an error.
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
    """Free the response when it is sent, without the garbage collector.

    DRF makes a reference cycle of response, view and context. A page of fifty rows has hundreds of objects;
    collecting them took a fifth of the processor time of a history, and memory meanwhile.
    """
    context: Any = response.renderer_context  # type: ignore[attr-defined] # DRF sets it before it renders
    context["view"].response = None
    response.renderer_context = None  # type: ignore[attr-defined]


def read(serializer_class: type[Body], request: Request) -> dict[str, Any]:
    """The validated body. Keys that the serializer does not know are ignored."""
    return _validated(serializer_class, request.data)


def read_query(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated query parameters. If one is repeated, its last value counts."""
    if not request.META.get("QUERY_STRING"):
        return dict(_validated_empty(serializer_class))
    return _validated(serializer_class, request.query_params.dict())


@cache
def _validated_empty(serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
    return _validated(serializer_class, {})


def _validated(serializer_class: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    validated: dict[str, Any] = _reader(serializer_class).run_validation(data)
    return validated


@cache
def _reader(serializer_class: type[Serializer[Any]]) -> Serializer[Any]:
    # One instance serves all requests: validating stores nothing in it, and a new one would copy every field.
    return serializer_class()
