"""The Swagger document, generated from the views and what `documented` says of them."""

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_yasg import openapi
from drf_yasg.codecs import OpenAPICodecJson, OpenAPICodecYaml
from drf_yasg.generators import OpenAPISchemaGenerator
from drf_yasg.inspectors import SwaggerAutoSchema
from drf_yasg.utils import no_body, swagger_auto_schema
from drf_yasg.views import get_schema_view
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from bikerental.api.fields import Body
from bikerental.api.pagination import PAGE_SIZE, PAGE_SIZE_MAX
from bikerental.api.renderers import PROBLEM_TYPE

V = TypeVar("V", bound=Callable[..., Any])
MARK = "_bikerental_documented"

API_INFO = openapi.Info(
    title="bikerental",
    default_version="v1",
    description=(
        "Rent a bike, return it, see what it cost.\n\n"
        "Register, log in with `POST auth/token/`, press **Authorize** and give `Bearer <access>`. "
        "Times are UTC, money is a decimal string beside its currency, lists are cursor pages, "
        "and every error is `application/problem+json` with a stable `code`. "
        "`POST rentals/` and `POST rentals/{id}/return/` take an `Idempotency-Key`, so that a retry is safe."
    ),
)

STATUS_OF_CODE = {
    "invalid": 400,
    "parse_error": 400,
    "idempotency_key_invalid": 400,
    "not_authenticated": 401,
    "token_invalid": 401,
    "credentials_invalid": 401,
    "forbidden": 403,
    "not_found": 404,
    "bike_not_found": 404,
    "station_not_found": 404,
    "no_active_rental": 404,
    "bike_unavailable": 409,
    "rental_in_progress": 409,
    "rental_not_active": 409,
    "request_in_progress": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
    "throttled": 429,
    "headers_too_large": 431,
    "unavailable": 503,
}
BODY_CODES = ["invalid", "parse_error", "too_large", "unsupported_media_type"]

_TEXT = {"type": openapi.TYPE_STRING}
HEADERS = {
    "Location": _TEXT | {"description": "Where the new rental is."},
    "Idempotent-Replayed": _TEXT | {"description": "`true` where this is the first answer, given again."},
    "Retry-After": {"type": openapi.TYPE_INTEGER, "description": "Seconds to wait."},
    "WWW-Authenticate": _TEXT,
}
IDEMPOTENCY_KEY = openapi.Parameter(
    "Idempotency-Key",
    openapi.IN_HEADER,
    description="Makes a retry safe for 24 hours: the same key and body give the first answer again.",
    type=openapi.TYPE_STRING,
    min_length=1,
    # Bare or quoted. Spaces round a header's value are no part of it.
    pattern=(
        r"^(?:[\x21\x23-\x7e](?:[\x20\x21\x23-\x7e]{0,253}[\x21\x23-\x7e])?"
        r'|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}")$'
    ),
)
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


class FieldErrorOutput(serializers.Serializer[Any]):
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()

    class Meta:
        ref_name = "FieldError"


class ProblemOutput(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable, for programs.")
    request_id = serializers.CharField()
    errors = FieldErrorOutput(many=True, required=False, help_text="For a 400.")  # type: ignore[assignment] # a field of this name shadows the base class, as DRF allows

    class Meta:
        ref_name = "Problem"


def documented(  # noqa: PLR0913 - each says one thing of the document
    *,
    summary: str,
    success: Mapping[int, Any],
    errors: Sequence[str],
    description: str = "",
    request: type[Body] | None = None,
    query: type[serializers.Serializer[Any]] | None = None,
    example: dict[str, Any] | None = None,
    headers: Sequence[str] = (),
    paginated: bool = False,
) -> Callable[[V], V]:
    """Say of a view's method what the code does not show: what it takes and all that it answers.

    :param errors: the codes of its refusals; those of the body, the login, the throttles and the
        database are added
    :param headers: `Idempotency-Key` where it is taken, `Location` where it is given
    """
    if request is not None and example is not None:
        meta = getattr(request, "Meta", object)
        request.Meta = type("Meta", (meta,), {"swagger_schema_fields": {"example": example}})  # type: ignore[attr-defined] # drf-yasg looks there
    is_idempotent = "Idempotency-Key" in headers
    answers = {str(status): _success(status, shape, headers, paginated) for status, shape in success.items()}
    codes = [*errors, *(BODY_CODES if request else []), *(["invalid"] if paginated else [])]

    def decorate(view: V) -> V:
        decorated: V = swagger_auto_schema(
            operation_summary=summary,
            operation_description=description or summary,
            request_body=request or no_body,
            query_serializer=query,
            manual_parameters=[*([IDEMPOTENCY_KEY] if is_idempotent else []), *(PAGE_PARAMETERS if paginated else [])],
            responses=answers,
            error_codes=codes,
        )(view)
        setattr(decorated, MARK, True)
        return decorated

    return decorate


def _success(status: int, shape: Any, headers: Sequence[str], paginated: bool) -> openapi.Response:
    given = [name for name in headers if name == "Location"]
    if "Idempotency-Key" in headers:
        given.append("Idempotent-Replayed")
    if shape is None and status != HTTPStatus.NO_CONTENT:
        shape = openapi.Schema(type=openapi.TYPE_OBJECT)
    return openapi.Response(
        HTTPStatus(status).phrase,
        schema=_page_of(shape) if paginated else shape,
        headers={name: HEADERS[name] for name in given},
    )


def _page_of(many: Any) -> type[serializers.Serializer[Any]]:
    name = many.child.Meta.ref_name
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": many,
        "Meta": type("Meta", (), {"ref_name": f"{name}Page"}),
    }
    return type(f"{name}Page", (serializers.Serializer,), fields)


class AutoSchema(SwaggerAutoSchema):
    """Adds to each operation the errors that it shares with the others."""

    def is_open(self) -> bool:
        permissions = self.view.permission_classes
        return not permissions or AllowAny in permissions

    def get_security(self) -> list[dict[str, list[str]]] | None:
        return [] if self.is_open() else None

    def get_tags(self, operation_keys: Sequence[str] | None = None) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_consumes(self) -> list[str]:
        return ["application/json"]

    def get_produces(self) -> list[str]:
        return ["application/json", PROBLEM_TYPE]

    def make_body_parameter(self, schema: Any) -> openapi.Parameter:
        parameter = super().make_body_parameter(schema)
        definition = schema.resolve(self.components) if isinstance(schema, openapi.SchemaRef) else schema
        required = definition.get("required", [])
        # An empty body is an empty object: where no field is needed, no body is.
        parameter["required"] = bool(required)
        for name, field in definition["properties"].items():
            if name not in required:
                field["x-nullable"] = True  # null means absent
        return parameter

    def get_response_serializers(self) -> Any:
        responses = super().get_response_serializers()
        for status, codes in sorted(self._codes_by_status().items()):
            responses[str(status)] = _problem(status, codes)
        return responses

    def _codes_by_status(self) -> dict[int, list[str]]:
        login = [] if self.is_open() else ["not_authenticated", "token_invalid"]
        place = ["not_found"] if "{" in self.path else []  # what is no UUID is no path of ours
        grouped: dict[int, list[str]] = defaultdict(list)
        always = ["throttled", "headers_too_large", "unavailable"]
        for code in dict.fromkeys([*self.overrides.get("error_codes", []), *place, *login, *always]):
            grouped[STATUS_OF_CODE[code]].append(code)
        return grouped


def _problem(status: int, codes: list[str]) -> openapi.Response:
    named = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    example = {
        "type": f"urn:bikerental:problem:{codes[0]}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "A sentence for people, in the language of Accept-Language.",
        "code": codes[0],
        "request_id": "0b8a1f6e4d9c4a7b8f2e6d5c3b1a0987",
    } | ({"errors": []} if status == HTTPStatus.BAD_REQUEST else {})
    return openapi.Response(
        f"{HTTPStatus(status).phrase}: " + ", ".join(f"`{code}`" for code in codes),
        schema=ProblemOutput,
        headers={name: HEADERS[name] for name in named},
        examples={PROBLEM_TYPE: example},
    )


class SchemaGenerator(OpenAPISchemaGenerator):
    """One document, whoever asks: paths below /api/v1, and nothing around it."""

    def get_endpoints(self, request: Any) -> Any:
        endpoints = super().get_endpoints(request)
        return {path: view for path, view in endpoints.items() if path.startswith("/api/v1/")}

    def get_path_parameters(self, path: str, view_cls: Any) -> list[openapi.Parameter]:
        # The converters of the routes are gone by now; every one of ours takes an id.
        parameters: list[openapi.Parameter] = super().get_path_parameters(path, view_cls)
        for parameter in parameters:
            parameter["format"] = openapi.FORMAT_UUID
        return parameters


def _once_per_host(codec: Any) -> Callable[[HttpRequest], HttpResponse]:
    """Build the document once in each process: it takes tens of milliseconds, and names the host."""

    @functools.lru_cache(maxsize=16)
    def build(scheme: str, host: str) -> bytes:
        # The document is English; the texts in it are lazy, and would follow whoever asked first.
        with translation.override("en"):
            document = SchemaGenerator(API_INFO, url=f"{scheme}://{host}").get_schema(public=True)
            return bytes(codec.encode(document))

    @require_safe
    def serve(request: HttpRequest) -> HttpResponse:
        content = build(request.scheme or "http", request.get_host())
        return HttpResponse(content, content_type=codec.media_type, headers={"Cache-Control": "max-age=300"})

    return serve


_views = get_schema_view(API_INFO, public=True, authentication_classes=[], permission_classes=[AllowAny])
swagger_json = _once_per_host(OpenAPICodecJson([]))
swagger_yaml = _once_per_host(OpenAPICodecYaml([]))
swagger_ui = _views.with_ui("swagger", cache_timeout=0)
redoc_ui = _views.with_ui("redoc", cache_timeout=0)
