"""Generates the Swagger document from the views and their `documented` descriptions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator
from drf_yasg.inspectors import FieldInspector, SwaggerAutoSchema
from rest_framework import serializers
from rest_framework.exceptions import (
    AuthenticationFailed,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    ParseError,
    PermissionDenied,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.permissions import AllowAny, IsAuthenticated

from bikerental.core.errors import FieldRefusal, ThrottledError, UnavailableError
from bikerental.http.operations import headers_named
from bikerental.http.parsers import TooLargeError
from bikerental.http.problems import ErrorClass, HeadersTooLargeError, InternalError, status_and_code
from bikerental.http.renderers import PROBLEM_TYPE

BODY_ERRORS = [ParseError, TooLargeError, UnsupportedMediaType]
LOGIN_ERRORS = [NotAuthenticated, AuthenticationFailed]
# Answers that every operation may give.
COMMON_ERRORS = [MethodNotAllowed, ThrottledError, HeadersTooLargeError, InternalError, UnavailableError]
SENTENCE = "A sentence for people, in the language of Accept-Language."
HEADERS_OF_STATUS = {401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["Retry-After"]}
ACTION_OF_METHOD = {"GET": "read", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


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


class ShapeInspector(FieldInspector):
    """Corrects how drf-yasg describes nullable fields and nested shapes."""

    def process_result(self, result: Any, method_name: str, obj: Any, **kwargs: Any) -> Any:
        if not isinstance(result, openapi.Schema.OR_REF):
            return result
        is_nullable = obj.allow_null
        if isinstance(result, openapi.SchemaRef):
            # Many fields share this shape, and drf-yasg would write the first field's attributes into it.
            for said_of_the_field in ("description", "x-nullable"):
                result.resolve(self.components).pop(said_of_the_field, None)
            if not is_nullable:
                return result
            result = _around(result, x_nullable=True)
        elif is_nullable:
            _allow_null(result)
        if is_nullable and obj.required:
            result["x-omitempty"] = False  # otherwise generators make the field optional
        return result


def _allow_null(field: openapi.Schema) -> None:
    field["x-nullable"] = True
    if None not in field.get("enum", [None]):
        field["enum"] = [*field["enum"], None]  # in OpenAPI, null must be in the enum too


def _around(reference: openapi.SchemaRef, **attributes: Any) -> openapi.Schema:
    """The referenced shape with attributes for this field. Client generators ignore attributes beside a `$ref`."""
    schema = openapi.Schema(type=openapi.TYPE_OBJECT, all_of=[reference], **attributes)
    del schema["type"]  # null is not an object
    return schema


class AutoSchema(SwaggerAutoSchema):
    """Adds what all operations have in common."""

    field_inspectors = [ShapeInspector, *SwaggerAutoSchema.field_inspectors]

    def is_open(self) -> bool:
        permissions = self.view.permission_classes
        return not permissions or AllowAny in permissions

    def is_for_all_riders(self) -> bool:
        return self.is_open() or list(self.view.permission_classes) == [IsAuthenticated]

    def get_operation_id(self, operation_keys: Sequence[str] | None = None) -> str:
        """`bikes_list`, `rentals_current_read`, `rentals_return`: the words of the path, and often an action."""
        own: str | None = self.overrides.get("operation_id")
        if own:
            return own
        words = [word for word in self.path.removeprefix("/api/v1/").strip("/").split("/") if "{" not in word]
        if self.overrides.get("is_list"):
            words.append("list")
        elif self.method in ACTION_OF_METHOD:
            words.append(ACTION_OF_METHOD[self.method])
        elif HTTPStatus.CREATED in self.overrides.get("responses", ()):
            words.append("create")
        return "_".join(words)

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
        definition = schema.resolve(self.components)
        required = definition.get("required", [])
        # An empty body counts as an empty object, so the body is required only if a field is.
        parameter["required"] = bool(required or definition.get("minProperties"))
        for name, field in definition["properties"].items():
            if name not in required:
                _allow_null(field)  # null means absent
        example = self.overrides.get("body_example")
        if example is not None:
            parameter["schema"] = _around(schema, example=example)
        return parameter

    def get_response_serializers(self) -> Any:
        responses = super().get_response_serializers()
        for status, errors in sorted(self._errors_by_status().items()):
            shape = self.overrides.get("problems", {}).get(status, ProblemOutput)
            responses[str(status)] = _problem(status, errors, self._input_names(), shape)
        return responses

    def get_responses(self) -> openapi.Responses:
        responses = super().get_responses()
        by_status = self._errors_by_status()
        errors = [error for errors in by_status.values() for error in errors]
        definitions = self.components.with_scope(openapi.SCHEMA_DEFINITIONS)
        _enumerate(definitions.get("Problem"), (status_and_code(error)[1] for error in errors))
        for status, shape in self.overrides.get("problems", {}).items():
            _enumerate(definitions.get(shape.Meta.ref_name), (status_and_code(error)[1] for error in by_status[status]))
        _enumerate(definitions.get("FieldError"), [*self._input_codes(), *_field_codes(errors)])
        return responses

    def _errors_by_status(self) -> dict[int, list[ErrorClass]]:
        errors: list[ErrorClass] = [ValidationError] if self._input_names() else []
        errors += self.overrides.get("errors", ())
        errors += BODY_ERRORS if self.get_request_serializer() else []
        errors += [NotFound] if "{" in self.path else []  # an id that is not a UUID matches no route
        errors += [] if self.is_open() else LOGIN_ERRORS
        errors += [] if self.is_for_all_riders() else [PermissionDenied]
        grouped: dict[int, list[ErrorClass]] = defaultdict(list)
        for error in [*errors, *COMMON_ERRORS]:
            status, _code = status_and_code(error)
            grouped[status].append(error)
        return grouped

    def _input_names(self) -> list[str]:
        names = [name for serializer in self._inputs() for name in serializer.fields]
        return [*names, *(["cursor"] if self.overrides.get("is_list") else [])]

    def _input_codes(self) -> Iterator[str]:
        for serializer in self._inputs():
            for field in serializer.fields.values():
                yield from field.error_messages
                yield from (validator.code for validator in field.validators if hasattr(validator, "code"))
                yield from getattr(field, "codes", ())

    def _inputs(self) -> list[Any]:
        return [serializer for serializer in (self.get_request_serializer(), self.get_query_serializer()) if serializer]


def _field_codes(errors: Iterable[ErrorClass]) -> list[str]:
    return [error.field_code for error in errors if issubclass(error, FieldRefusal)]


def _enumerate(definition: Any, codes: Iterable[str]) -> None:
    field = definition["properties"]["code"]
    field["enum"] = sorted({*field.get("enum", []), *codes})


def _problem(
    status: int, errors: list[ErrorClass], inputs: list[str], shape: type[serializers.Serializer[Any]]
) -> openapi.Response:
    codes = list(dict.fromkeys(status_and_code(error)[1] for error in errors))
    example = {
        "type": f"urn:bikerental:problem:{codes[0]}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": SENTENCE,
        "code": codes[0],
        "request_id": "0b8a1f6e4d9c4a7b8f2e6d5c3b1a0987",
    }
    if status == HTTPStatus.BAD_REQUEST:
        wrong = (
            [{"field": inputs[0], "code": "invalid", "detail": SENTENCE}] if codes[0] == "invalid" and inputs else []
        )
        example["errors"] = wrong
    waits = ["Retry-After"] if any(getattr(error, "retry_after", None) for error in errors) else []
    return openapi.Response(
        f"{HTTPStatus(status).phrase}: {_listed(codes)}{_error_names(_field_codes(errors))}",
        schema=shape,
        headers=headers_named(*HEADERS_OF_STATUS.get(status, []), *waits),
        examples={PROBLEM_TYPE: example},
    )


def _error_names(field_codes: list[str]) -> str:
    return f"; `errors` may name {_listed(field_codes)}" if field_codes else ""


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


class SchemaGenerator(OpenAPISchemaGenerator):
    """Generates one document for all clients, with the paths below /api/v1."""

    def get_endpoints(self, request: Any) -> Any:
        endpoints = super().get_endpoints(request)
        return {path: view for path, view in endpoints.items() if path.startswith("/api/v1/")}

    def get_path_parameters(self, path: str, view_cls: Any) -> list[openapi.Parameter]:
        # The document does not keep the routes' converters. In our routes every parameter is an id.
        parameters: list[openapi.Parameter] = super().get_path_parameters(path, view_cls)
        examples = getattr(view_cls, "path_examples", {})
        for parameter in parameters:
            parameter["format"] = openapi.FORMAT_UUID
            if parameter.name in examples:
                parameter["x-example"] = examples[parameter.name]  # Swagger UI fills it in
        return parameters
