"""The base of the API's views and how they read what was sent."""

import math
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import FloatField, Serializer
from rest_framework.views import APIView

NOT_FINITE = _("Give a finite number.")


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
    return _validated(serializer_class(data=request.data, context={"request": request}))


def read_query(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """What the query says, validated; of a repeated parameter the last counts."""
    return _validated(serializer_class(data=request.query_params.dict(), context={"request": request}))


def _validated(serializer: Serializer[Any]) -> dict[str, Any]:
    # DRF takes the texts "nan" and "inf" for numbers, and they pass its limits: no limit is above nan.
    # Looked at before the serializer's own validation, which may compute with them.
    data: dict[str, Any] = serializer.initial_data
    wrong = [name for name, field in serializer.fields.items() if _is_infinite(field, data.get(name))]
    if wrong:
        raise ValidationError({name: [NOT_FINITE] for name in wrong}, code="invalid")
    serializer.is_valid(raise_exception=True)
    validated: dict[str, Any] = serializer.validated_data
    return validated


def _is_infinite(field: object, value: object) -> bool:
    if not (isinstance(field, FloatField) and isinstance(value, str)):
        return False
    try:
        return not math.isfinite(float(value))
    except ValueError:
        return False
