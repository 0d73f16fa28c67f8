"""`documented`: describes a view's method for the Swagger document."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from drf_yasg import openapi
from drf_yasg.utils import no_body, swagger_auto_schema
from rest_framework import serializers

from bikerental.core.db.keyset import PAGE_SIZE, PAGE_SIZE_MAX
from bikerental.http.fields import Body
from bikerental.http.idempotency import IdempotencyKeyInvalidError, IdempotencyKeyReusedError, RequestInProgressError
from bikerental.http.problems import ErrorClass

V = TypeVar("V", bound=Callable[..., Any])
MARK = "_bikerental_documented"

_TEXT = {"type": openapi.TYPE_STRING}
HEADERS = {
    "Allow": _TEXT | {"description": "The methods that the path takes."},
    "ETag": _TEXT | {"description": "For `If-None-Match`."},
    "Location": _TEXT | {"description": "Where the new one is."},
    "Idempotent-Replayed": _TEXT | {"description": "`true` where this is the first answer, given again."},
    "Retry-After": {"type": openapi.TYPE_INTEGER, "description": "Seconds to wait."},
    "WWW-Authenticate": _TEXT,
    "X-Request-ID": _TEXT | {"description": "Id of the request in our logs: the one that was sent, or a new one."},
}
DOCUMENTED_HEADERS = {"ETag", "Location"}
IDEMPOTENCY_KEY = openapi.Parameter(
    "Idempotency-Key",
    openapi.IN_HEADER,
    description="Makes a retry safe for 24 hours: the same key and body give the first answer again.",
    type=openapi.TYPE_STRING,
    min_length=1,
    # With or without quotes. Spaces around a header's value are not part of it.
    pattern=(
        r"^(?:[\x21\x23-\x7e](?:[\x20\x21\x23-\x7e]{0,253}[\x21\x23-\x7e])?"
        r'|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}")$'
    ),
)
IDEMPOTENCY_ERRORS: list[ErrorClass] = [
    RequestInProgressError,
    IdempotencyKeyInvalidError,
    IdempotencyKeyReusedError,
]
PAGE_PARAMETERS = [
    openapi.Parameter(
        "cursor",
        openapi.IN_QUERY,
        description="From `next` or `previous`.",
        type=openapi.TYPE_STRING,
        min_length=1,
    ),
    openapi.Parameter(
        "page_size",
        openapi.IN_QUERY,
        type=openapi.TYPE_INTEGER,
        minimum=1,
        maximum=PAGE_SIZE_MAX,
        default=PAGE_SIZE,
    ),
]


def documented(  # noqa: PLR0913 - each says one thing of the document
    *,
    summary: str,
    success: Mapping[int, Any],
    errors: Sequence[ErrorClass] = (),
    description: str = "",
    operation_id: str | None = None,
    request: type[Body] | None = None,
    query: type[serializers.Serializer[Any]] | None = None,
    example: dict[str, Any] | None = None,
    headers: Sequence[str] = (),
    problems: Mapping[int, type[serializers.Serializer[Any]]] | None = None,
    paginated: bool = False,
) -> Callable[[V], V]:
    """Describe the input and every response of a view's method.

    :param errors: its refusals. Those of every operation with a body, a query, a login or an idempotency key are added
    :param operation_id: if path and method make no good one. Clients name their functions after it
    :param example: of the request's body. A response's example is `Meta.example` of its shape
    :param problems: by status, the shape of a problem with members of its own
    :param headers: `Idempotency-Key` of the request, `Location` or `ETag` of the response
    """
    is_idempotent = "Idempotency-Key" in headers
    header_names = ["Idempotent-Replayed"] if is_idempotent else []
    header_names += [name for name in headers if name in DOCUMENTED_HEADERS]

    def decorate(view: V) -> V:
        decorated: V = swagger_auto_schema(
            operation_id=operation_id,
            operation_summary=summary,
            operation_description=description or summary,
            request_body=request or no_body,
            query_serializer=query,
            manual_parameters=[*([IDEMPOTENCY_KEY] if is_idempotent else []), *(PAGE_PARAMETERS if paginated else [])],
            responses={status: _response(status, shape, header_names, paginated) for status, shape in success.items()},
            # For AutoSchema.
            body_example=example,
            errors=[*errors, *(IDEMPOTENCY_ERRORS if is_idempotent else [])],
            problems=problems or {},
            is_list=paginated,
        )(view)
        setattr(decorated, MARK, True)
        return decorated

    return decorate


def headers_named(*names: str) -> dict[str, Any]:
    """The headers of a response. Each response also has the request's id."""
    return {name: HEADERS[name] for name in [*names, "X-Request-ID"]}


def _response(status: int, shape: Any, headers: Sequence[str], paginated: bool) -> openapi.Response:
    described = {"description": HTTPStatus(status).phrase, "headers": headers_named(*headers)}
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return openapi.Response(**described)
    if shape is None:
        schema, example = openapi.Schema(type=openapi.TYPE_OBJECT), {}
    elif paginated:
        schema, example = _page_of(shape), {"next": None, "previous": None, "results": _example_of(shape)}
    else:
        schema, example = shape, _example_of(shape)
    return openapi.Response(**described, schema=schema, examples={"application/json": example})


def _example_of(shape: Any) -> Any:
    """An example of this shape: its `Meta.example`, with the examples of the shapes inside it."""
    serializer = shape() if isinstance(shape, type) else shape
    if isinstance(serializer, serializers.ListSerializer):
        return [_example_of(serializer.child)]
    own = getattr(serializer.Meta, "example", {})
    inner = {
        name: _example_of(field)
        for name, field in serializer.fields.items()
        if isinstance(field, serializers.BaseSerializer)
    }
    return inner | own


def _page_of(many: Any) -> type[serializers.Serializer[Any]]:
    name = many.child.Meta.ref_name
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": many,
        "Meta": type("Meta", (), {"ref_name": f"{name}Page"}),
    }
    return type(f"{name}Page", (serializers.Serializer,), fields)
