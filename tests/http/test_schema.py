"""The Swagger document is complete, valid, and agrees with the code."""

import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls import path as route
from drf_yasg.codecs import OpenAPICodecJson
from jsonschema import Draft4Validator  # type: ignore[import-untyped] # brings no types
from pytest_django import Settings
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from bikerental.core.errors import FieldRefusal, Kind, Refusal
from bikerental.http.document import Document, Format
from bikerental.http.fields import Body, TextField
from bikerental.http.idempotency import IdempotencyKeyInvalidError, key_of
from bikerental.http.operations import IDEMPOTENCY_KEY, MARK, documented
from bikerental.http.problems import status_and_code
from bikerental.http.schema import COMMON_ERRORS, LOGIN_ERRORS, SchemaGenerator
from bikerental.http.views import ApiView
from config.swagger import API_INFO
from tests.docs.swagger import with_nulls
from tests.support.threads import at_once

FORMATS: tuple[Format, ...] = ("json", "yaml")
METHODS = {"get", "post", "put", "patch", "delete"}
CLIENT_ERRORS = range(400, 500)
# Codes of the admin's forms, which the API does not give.
OPERATORS_CODES = {"adjustment_too_high", "out_of_range", "refund_too_high", "too_many", "writeoff_too_high"}
# Generated clients name their functions after these, so a change would break them.
OPERATION_IDS = {
    "auth_email_confirm",
    "auth_email_resend",
    "auth_logout",
    "auth_password_reset",
    "auth_password_reset_confirm",
    "auth_register",
    "auth_token_create",
    "auth_token_refresh",
    "auth_token_verify",
    "bikes_list",
    "bikes_photo_confirm",
    "bikes_photo_create",
    "bikes_quote_read",
    "bikes_read",
    "bikes_reports_create",
    "bikes_reports_photo_confirm",
    "bikes_reports_photo_create",
    "claims_list",
    "claims_read",
    "me_account_entries_list",
    "me_account_read",
    "me_delete",
    "me_export_read",
    "me_password_change",
    "me_read",
    "me_update",
    "rentals_cancel",
    "rentals_claims_create",
    "rentals_create",
    "rentals_current_read",
    "rentals_list",
    "rentals_read",
    "rentals_return",
    "reservations_create",
    "reservations_current_read",
    "reservations_delete",
    "stations_list",
    "stations_read",
    "zones_read",
}
NOT_THE_SHAPE = {"description", "title", "minLength", "maxLength"}
# Generated clients name their types after these too. Each pair means different things: what an operator took off a ride
# and what a rider owes; the token of a mail and that of a session. One of them may get a field that the other has not.
SAME_SHAPES = [["Adjustment", "Balance"], ["EmailConfirm", "Verify"]]


@pytest.fixture
def _own_urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = "config.urls"


pytestmark = pytest.mark.usefixtures("_own_urls")


@cache
def build() -> dict[str, Any]:
    return build_of(None)


def build_of(patterns: list[URLPattern] | None) -> dict[str, Any]:
    document = SchemaGenerator(API_INFO, url="https://bikes.example.org", patterns=patterns).get_schema(public=True)
    built: dict[str, Any] = json.loads(OpenAPICodecJson(["ssv"]).encode(document))
    return built


def operations() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for path, item in build()["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method], item


def test_it_is_built_without_a_warning_and_valid(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="drf_yasg"):
        document = build_of(None)

    assert not caplog.records
    assert document["swagger"] == "2.0"
    assert document["basePath"] == "/api/v1"


def test_each_route_of_the_api_is_in_it() -> None:
    document = build()
    documented = {re.sub(r"{\w+}", "{}", document["basePath"] + path) for path in document["paths"]}

    assert documented == set(api_routes(get_resolver().url_patterns))


def api_routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from api_routes(pattern.url_patterns, route)
        elif route.startswith("/api/v1/"):
            yield re.sub(r"<[^>]+>", "{}", route)


def views(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[type]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, route)
        elif route.startswith("/api/v1/"):
            yield pattern.callback.cls


def test_each_method_of_each_view_is_documented() -> None:
    bare = [
        f"{view.__name__}.{method}"
        for view in views(get_resolver().url_patterns)
        for method in METHODS
        if hasattr(view, method) and not hasattr(getattr(view, method), MARK)
    ]

    assert bare == []


def test_operation_ids_are_unique() -> None:
    ids = Counter(operation["operationId"] for _, operation, _ in operations())

    assert [name for name, times in ids.items() if times > 1] == []


def test_operations_keep_their_ids() -> None:
    ids = {operation["operationId"] for _, operation, _ in operations()}

    assert ids == OPERATION_IDS


def test_pages_and_nothing_else_are_lists() -> None:
    for name, operation, _ in operations():
        is_page = "cursor" in [parameter["name"] for parameter in operation["parameters"]]
        assert operation["operationId"].endswith("_list") == is_page, name
        if is_page:
            assert operation["responses"]["200"]["schema"]["$ref"].endswith("Page"), name


def test_a_shape_is_nullable_where_it_is_used_and_not_by_itself() -> None:
    definitions = build()["definitions"]

    for name in ("start_station", "end_station"):
        station = {"allOf": [{"$ref": "#/definitions/StationReference"}], "x-nullable": True, "x-omitempty": False}
        assert definitions["Rental"]["properties"][name] == station
    assert [name for name, shape in definitions.items() if "x-nullable" in shape] == []


def test_required_nullable_fields_are_never_omitted() -> None:
    for name, shape in build()["definitions"].items():
        for field, inner in shape["properties"].items():
            is_always_there = field in shape.get("required", [])
            assert (inner.get("x-omitempty") is False) == (is_always_there and "x-nullable" in inner), (name, field)


def test_a_choice_that_may_be_null_has_null_among_its_values() -> None:
    choices = [
        inner
        for shape in build()["definitions"].values()
        for inner in shape["properties"].values()
        if inner.get("x-nullable") and "enum" in inner
    ]

    assert [inner["enum"][-1] for inner in choices] == [None] * len(choices)
    assert build()["definitions"]["ProfileChange"]["properties"]["language"]["enum"] == ["en", "ru", None]


def test_no_two_shapes_are_the_same() -> None:
    names = defaultdict(set)
    for name, shape in build()["definitions"].items():
        names[json.dumps(without_words(shape["properties"]), sort_keys=True)].add(name)

    assert sorted(sorted(same) for same in names.values() if len(same) > 1) == SAME_SHAPES


def without_words(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        field: {word: value for word, value in inner.items() if word not in NOT_THE_SHAPE}
        for field, inner in properties.items()
    }


def test_each_operation_has_a_2xx_and_a_4xx() -> None:
    for name, operation, _ in operations():
        statuses = {int(status) for status in operation["responses"]}
        assert statuses & set(range(200, 300)), name
        assert statuses & set(CLIENT_ERRORS), name


def test_each_operation_names_what_any_may_answer() -> None:
    for name, operation, _ in operations():
        assert {"405", "429", "500", "503"} <= set(operation["responses"]), name
        assert "Allow" in operation["responses"]["405"]["headers"], name
        for response in operation["responses"].values():
            assert "X-Request-ID" in response["headers"], name


def test_each_success_has_an_example_that_fits() -> None:
    definitions = build()["definitions"]

    for name, operation, _ in operations():
        for status, response in operation["responses"].items():
            if int(status) < 300 and status != "204":
                example = response["examples"]["application/json"]
                assert unlike(response["schema"], example, definitions) == [], name


def test_each_body_has_an_example_that_fits() -> None:
    definitions = build()["definitions"]

    for name, operation, _ in operations():
        for body in (parameter for parameter in operation["parameters"] if parameter["in"] == "body"):
            assert unlike(body["schema"], body["schema"]["example"], definitions) == [], name


def unlike(schema: dict[str, Any], example: Any, definitions: dict[str, Any]) -> list[str]:
    whole = with_nulls(schema | {"definitions": definitions})
    return [error.message for error in Draft4Validator(whole).iter_errors(example)]


def test_an_example_belongs_to_its_operation() -> None:
    class Wish(Body):
        text = TextField()

        class Meta:
            ref_name = "Wish"

    class OneView(ApiView):
        @documented(summary="One", request=Wish, success={204: None}, errors=[], example={"text": "one"})
        def post(self) -> None: ...

    class OtherView(ApiView):
        @documented(summary="Other", request=Wish, success={204: None}, errors=[], example={"text": "other"})
        def post(self) -> None: ...

    document = build_of([route("api/v1/one/", OneView.as_view()), route("api/v1/other/", OtherView.as_view())])

    schemas = [item["post"]["parameters"][0]["schema"] for item in document["paths"].values()]
    wish = {"$ref": "#/definitions/Wish"}
    assert schemas == [{"allOf": [wish], "example": {"text": text}} for text in ("one", "other")]
    assert "example" not in document["definitions"]["Wish"]


def test_the_codes_of_problems_are_those_of_the_operations() -> None:
    document = build()
    named = {
        code
        for _, operation, _ in operations()
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for code in re.findall(r"`(\w+)`", response["description"].partition(";")[0])
    }

    assert document["definitions"]["Problem"]["properties"]["code"]["enum"] == sorted(named)


def test_each_operation_names_what_its_service_refuses() -> None:
    refusals = defaultdict(set)  # two apps may use one name
    for refusal in below(Refusal):
        if hasattr(refusal, "code"):
            refusals[refusal.__name__].add(status_and_code(refusal))

    unsaid = [
        f"{view.__name__}.{verb}: {name}"
        for view in views(get_resolver().url_patterns)
        for verb in METHODS & set(dir(view))
        for name in refused_by(getattr(view, verb)) & set(refusals)
        if refusals[name].isdisjoint(said_of(getattr(view, verb)))
    ]

    assert unsaid == ["ReportPhotoView.post: BikeNotFoundError"]  # a report has a bike


def refused_by(method: Any) -> set[str]:
    """What the docstrings of the services and selectors say that the method calls."""
    called = [method.__globals__.get(name) for name in names_in(method.__code__)]
    ours = [one for one in called if re.search(r"\.(services|selectors)\b", getattr(one, "__module__", None) or "")]
    return {name for one in ours for name in re.findall(r"\w+Error", (one.__doc__ or "").partition(":raises")[2])}


def names_in(code: CodeType) -> set[str]:
    inner = (names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)


def said_of(method: Any) -> set[tuple[int, str]]:
    return set(map(status_and_code, [*method._swagger_auto_schema["errors"], *LOGIN_ERRORS, *COMMON_ERRORS, NotFound]))


def test_a_refusal_has_the_status_of_its_class() -> None:
    class TiredError(Refusal):
        kind = Kind.CONFLICT
        code = "tired"
        detail = "Not now."
        retry_after = 5.0

    class RudeError(FieldRefusal):
        field = "text"
        field_code = "rude"
        field_detail = "Not so."

    class WishView(ApiView):
        @documented(summary="One", success={204: None}, errors=[TiredError, RudeError, ParseError])
        def post(self) -> None: ...

    document = build_of([route("api/v1/wishes/", WishView.as_view())])

    (item,) = document["paths"].values()
    responses = item["post"]["responses"]
    assert responses["409"]["description"] == "Conflict: `tired`"
    assert "Retry-After" in responses["409"]["headers"]
    assert responses["400"]["description"] == "Bad Request: `invalid`, `parse_error`; `errors` may name `rude`"
    assert document["definitions"]["FieldError"]["properties"]["code"]["enum"] == ["rude"]


def test_each_refusal_of_a_field_is_named_by_an_operation() -> None:
    declared = set(build()["definitions"]["FieldError"]["properties"]["code"]["enum"])

    ours = [refusal for refusal in below(FieldRefusal) if refusal.__module__.startswith("bikerental.")]
    assert {refusal.field_code for refusal in ours if hasattr(refusal, "field_code")} <= declared | OPERATORS_CODES


def below(base: type[Any]) -> Iterator[type[Any]]:
    for inner in base.__subclasses__():
        yield inner
        yield from below(inner)


def test_the_codes_of_fields_are_those_of_their_checks_too() -> None:
    declared = set(build()["definitions"]["FieldError"]["properties"]["code"]["enum"])

    assert {"required", "null", "blank", "box", "max_length", "min_value", "password_too_common"} <= declared


def test_each_error_is_a_problem_with_an_example() -> None:
    for name, operation, _ in operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                definition = build()["definitions"][response["schema"]["$ref"].removeprefix("#/definitions/")]
                assert set(build()["definitions"]["Problem"]["properties"]) <= set(definition["properties"]), name
                example = response["examples"]["application/problem+json"]
                assert unlike(response["schema"], example, build()["definitions"]) == [], name
                assert example["status"] == int(status), name
                assert f"`{example['code']}`" in response["description"], name


def test_each_parameter_has_a_type() -> None:
    for name, operation, item in operations():
        for parameter in [*operation.get("parameters", []), *item.get("parameters", [])]:
            assert "type" in parameter or parameter["in"] == "body", (name, parameter["name"])


def test_ids_in_paths_are_uuids_and_may_be_unknown() -> None:
    for name, operation, item in operations():
        for parameter in item.get("parameters", []):
            assert (parameter["type"], parameter.get("format")) == ("string", "uuid"), name
            assert "404" in operation["responses"], name


def test_every_operation_with_a_login_documents_a_401() -> None:
    for name, operation, _ in operations():
        is_open = operation.get("security") == []
        assert is_open == name.startswith(
            ("POST /auth/register/", "POST /auth/token/", "POST /auth/password/", "POST /auth/email/confirm/")
        ), name
        if not is_open:
            assert "401" in operation["responses"], name


def test_bodies_have_an_example_and_their_refusals() -> None:
    for name, operation, _ in operations():
        if any(parameter["in"] == "body" for parameter in operation["parameters"]):
            assert {"400", "413", "415"} <= set(operation["responses"]), name


def test_a_body_that_may_be_nothing_is_not_required() -> None:
    document = build()
    operation = document["paths"]["/rentals/{rental_id}/return/"]["post"]

    (body,) = [parameter for parameter in operation["parameters"] if parameter["in"] == "body"]
    assert body["required"] is False


def test_a_body_of_which_something_is_needed_is_required() -> None:
    document = build()
    operation = document["paths"]["/rentals/"]["post"]

    (body,) = [parameter for parameter in operation["parameters"] if parameter["in"] == "body"]
    assert body["required"] is True
    assert document["definitions"]["RentalStart"]["minProperties"] == 1


def test_exactly_the_optional_fields_of_bodies_are_nullable() -> None:
    document = build()

    for name, operation, _ in operations():
        for body in (parameter for parameter in operation["parameters"] if parameter["in"] == "body"):
            (reference,) = body["schema"]["allOf"]
            shape = document["definitions"][reference["$ref"].rpartition("/")[2]]
            absent = {field for field, inner in shape["properties"].items() if inner.get("x-nullable")}
            assert absent == set(shape["properties"]) - set(shape.get("required", [])), name


def test_the_headers_of_a_retry_are_there() -> None:
    post = build()["paths"]["/rentals/"]["post"]

    assert "Idempotency-Key" in [parameter["name"] for parameter in post["parameters"]]
    assert {"Location", "Idempotent-Replayed"} <= set(post["responses"]["201"]["headers"])
    assert "Retry-After" in post["responses"]["429"]["headers"]
    assert "Retry-After" in post["responses"]["503"]["headers"]


@pytest.mark.parametrize(
    "key",
    ["a", "a b", "x" * 255, "x" * 256, '"a b"', '"', '""', '"a', 'a"b', r'"a\\"', r'"a\"', r"a\b", "é", "\x7f", "a\tb"],
)
def test_the_pattern_of_idempotency_keys_is_what_is_taken(key: str) -> None:
    request = Request(APIRequestFactory().post("/", headers={"Idempotency-Key": key}))

    is_declared = re.search(IDEMPOTENCY_KEY["pattern"], key) is not None
    if is_declared:
        assert key_of(request)
    else:
        with pytest.raises(IdempotencyKeyInvalidError):
            key_of(request)


def test_a_cursor_is_never_empty() -> None:
    cursors = [parameter for _, operation, _ in operations() for parameter in operation["parameters"]]

    assert {parameter["minLength"] for parameter in cursors if parameter["name"] == "cursor"} == {1}


def test_json_and_yaml_say_the_same(client: APIClient) -> None:
    as_json, as_yaml = (Document(kind).for_host("https", "bikes.example") for kind in FORMATS)

    assert json.loads(as_json) == yaml.load(as_yaml, yaml.CSafeLoader)
    assert client.get("/api/swagger.json").headers["Content-Type"].startswith("application/json")
    assert client.get("/api/swagger.yaml").headers["Content-Type"].startswith("application/yaml")


def test_it_is_built_once_and_in_english(client: APIClient) -> None:
    russian = client.get("/api/swagger.json", headers={"Accept-Language": "ru"})
    english = client.get("/api/swagger.json", headers={"Accept-Language": "en"})

    assert russian.content == english.content
    assert not re.search("[А-Яа-я]", english.content.decode())


def test_behind_a_tls_proxy_the_document_speaks_https(client: APIClient, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    document = client.get("/api/swagger.json", headers={"X-Forwarded-Proto": "https", "Host": "localhost"}).json()

    assert (document["schemes"], document["host"]) == (["https"], "localhost")


HOSTS = [f"localhost:{number}" for number in range(1, 40)]


def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    built = []
    get_schema = SchemaGenerator.get_schema

    def counted(self: SchemaGenerator, *arguments: Any, **options: Any) -> Any:
        document = get_schema(self, *arguments, **options)
        if document["paths"]:  # a page asks for a document without routes
            built.append("once")
        return document

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    return built


@pytest.mark.parametrize("kind", FORMATS)
def test_any_number_of_hosts_is_one_build(client: APIClient, monkeypatch: pytest.MonkeyPatch, kind: Format) -> None:
    built = builds(monkeypatch)
    served = Document(kind)

    documents = [served.for_host("http", host) for host in HOSTS]

    assert built == ["once"]
    first, last = (yaml.load(document, yaml.CSafeLoader) for document in (documents[0], documents[-1]))
    assert (first["host"], first["schemes"]) == (HOSTS[0], ["http"])
    assert last == first | {"host": HOSTS[-1]}


def test_threads_that_ask_at_once_build_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built = builds(monkeypatch)
    served = Document("json")

    documents = set(at_once(lambda _: served.for_host("https", "bikes.example"), times=8))

    assert (built, len(documents)) == (["once"], 1)


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
@pytest.mark.parametrize("query", ["?format=openapi", "?format=json", "?format=yaml", "?format=nonsense"])
def test_a_page_builds_no_document(client: APIClient, monkeypatch: pytest.MonkeyPatch, path: str, query: str) -> None:
    built = builds(monkeypatch)

    page = client.get(path + query, headers={"Accept": "application/json"})

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert built == []


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_the_pages_load_nothing_from_elsewhere(client: APIClient, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"})

    assert page.status_code == 200
    html = page.content.decode()
    assert "/api/swagger.json" in html
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html)
    files = re.findall(r"""(?:src|href)=["']/static/([^"']+)""", html)
    assert len(files) >= 4
    assert [name for name in files if finders.find(name) is None] == []


def test_the_bundled_files_pass_the_production_storage(settings: Settings, tmp_path: Any) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    assert list(tmp_path.glob("drf-yasg/swagger-ui-dist/swagger-ui-bundle.*.js"))
