"""Whatever a stranger sends, double length takes about double time."""

import ast
import importlib
import itertools
import json
import logging
import pkgutil
import re
import string
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from drf_yasg.codecs import OpenAPICodecJson
from pytest_django import Settings
from rest_framework.test import APIClient

import bikerental
from bikerental.http.handler import BoundedRequest, Handler
from bikerental.http.schema import SchemaGenerator
from bikerental.observe.logs import JsonFormatter
from bikerental.observe.redaction import redacted
from config.swagger import API_INFO
from tests.clients import RiderClient
from tests.live import ROOT
from tests.security.costs import grows_too_fast

UNKNOWN_ID = "0197a000-0000-7000-8000-000000000000"
HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Length", "Content-Type", "Cookie", "Host",
    "Idempotency-Key", "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer", "Transfer-Encoding",
    "User-Agent", "X-Csrftoken", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id",
    "X-Request-Start", "X-Unknown", "Baggage", "Sentry-Trace",
)  # fmt: skip
# A log-in, a page, a file, the Swagger document, the landing page: each reads other headers.
PATHS = ("/api/v1/auth/token/", "/admin/login/", "/static/admin/css/base.css", "/api/swagger.json", "/")


class FarClient(APIClient):
    """Gives a 500 for an exception, as over the network. No answer may be a 5xx."""

    def generic(self, *arguments: Any, **options: Any) -> Any:
        self.raise_request_exception = False
        response = super().generic(*arguments, **options)
        if response.streaming:
            b"".join(response)  # this closes the file
        assert response.status_code < 500
        return response


@pytest.fixture(autouse=True)
def _with_all_that_reads_headers(settings: Settings) -> None:
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "length"),
    # The test client makes a plain Django request, which reads this one completely. Another test covers ours.
    [(name, length) for name in HEADERS for length in (4_000, 50_000) if (name, length) != ("Content-Type", 50_000)],
)
def test_a_long_header_takes_linear_time(name: str, length: int) -> None:
    client = FarClient()
    key = name.upper().replace("-", "_")
    key = {"CONTENT_TYPE": "content_type", "CONTENT_LENGTH": key}.get(key, f"HTTP_{key}")

    def send(text: str) -> None:
        text = text.encode().decode("latin-1")  # as WSGI gives it
        for path in PATHS:
            client.generic("POST" if "token" in path else "GET", path, **{key: text})

    assert grows_too_fast(send, length) == []


def test_the_header_that_django_reads_before_any_middleware() -> None:
    environ = RequestFactory().get("/").environ

    assert Handler.request_class is BoundedRequest
    assert grows_too_fast(lambda text: BoundedRequest({**environ, "CONTENT_TYPE": text}), 200_000) == []
    assert grows_too_fast(lambda text: BoundedRequest({**environ, "CONTENT_TYPE": text}), 4_000) == []
    assert BoundedRequest({**environ, "CONTENT_TYPE": "text/plain; charset=koi8-r"}).content_params == {
        "charset": "koi8-r"
    }


@pytest.mark.django_db
def test_a_long_cookie_takes_linear_time() -> None:
    def send(text: str) -> None:
        for name in ("sessionid", "csrftoken", "django_language"):
            FarClient().get("/admin/login/", HTTP_COOKIE=f'{name}="{text}"'.encode().decode("latin-1"))

    assert grows_too_fast(send, 4_000) == []


@pytest.mark.django_db
def test_a_long_path_takes_linear_time(rider_client: RiderClient) -> None:
    client = FarClient()
    paths = (
        "/{}",
        "/{}/",
        "/api/v1/{}/",
        "/api/v1/bikes/{}/",
        "/api/v1/rentals/{}/return/",
        "/static/{}",
        "/admin/{}/",
    )

    assert grows_too_fast(lambda text: [client.get(path.format(text)) for path in paths], 16_000) == []


@cache
def document() -> Any:
    built = SchemaGenerator(API_INFO, url="https://bikes.example").get_schema(public=True)
    return json.loads(OpenAPICodecJson([]).encode(built))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            yield method, "/api/v1" + re.sub(r"\{\w+\}", UNKNOWN_ID, path), item[method]


def query_parameters() -> list[tuple[str, str]]:
    return sorted(
        (path, parameter["name"])
        for method, path, operation in operations()
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    )


def body_fields() -> list[tuple[str, str, str]]:
    return sorted(
        (method, path, field)
        for method, path, operation in operations()
        for schema in _bodies(operation)
        for reference in schema["allOf"]
        for field in document()["definitions"][reference["$ref"].rpartition("/")[2]]["properties"]
    )


def _bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [parameter["schema"] for parameter in operation["parameters"] if parameter["in"] == "body"]


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "name"), query_parameters())
def test_a_long_query_parameter_takes_linear_time(rider_client: RiderClient, path: str, name: str) -> None:
    assert grows_too_fast(lambda text: rider_client.get(path, {name: text}), 30_000) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "field"), body_fields())
def test_a_long_field_of_a_body_takes_linear_time(
    rider_client: RiderClient, method: str, path: str, field: str
) -> None:
    (example,) = (
        schema["example"]
        for verb, place, operation in operations()
        for schema in _bodies(operation)
        if (verb, place) == (method, path)
    )

    def send(text: str) -> None:
        with transaction.atomic():
            response = getattr(rider_client, method)(path, {**example, field: text}, format="json")
            transaction.set_rollback(True)
        assert response.status_code < 500

    assert grows_too_fast(send, 100_000) == []


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["username", "password", "otp_token", "next", "csrfmiddlewaretoken"])
def test_a_long_field_of_the_log_in_takes_linear_time(field: str) -> None:
    form = {"username": "nobody@example.org", "password": "wrong-horse-7"}

    assert grows_too_fast(lambda text: Client().post("/admin/login/", {**form, field: text}), 100_000) == []


def test_a_long_text_is_logged_in_linear_time() -> None:
    assert grows_too_fast(redacted, 100_000) == []


@pytest.mark.parametrize("text", ["x" * 100_000, "\U0001f6b2" * 100_000, "a@example.org, " * 10_000])
def test_a_line_of_the_log_stays_short(text: str) -> None:
    try:
        int(text)
    except ValueError:
        record = logging.LogRecord("any", logging.ERROR, "", 1, "Host %s", (text,), sys.exc_info())
    record.request = {"path": text}

    line = JsonFormatter().format(record)

    assert len(line) < 100_000
    assert "ValueError" in line


def test_an_exception_of_many_parts_keeps_the_last() -> None:
    error = RuntimeError("the last")
    inner: BaseException = error
    for _ in range(50):
        inner.__cause__ = ValueError("rider@example.org " + "x" * 100_000)
        inner = inner.__cause__
    record = logging.LogRecord("any", logging.ERROR, "", 1, "Failed", (), (RuntimeError, error, None))

    line = JsonFormatter().format(record)

    assert len(line) < 20_000
    assert "the last" in line
    assert "rider@example.org" not in line


def modules() -> list[Any]:
    names = [found.name for found in pkgutil.walk_packages(bikerental.__path__, "bikerental.")]
    return [importlib.import_module(name) for name in names if ".migrations." not in name]


def patterns() -> dict[str, re.Pattern[Any]]:
    found = {
        f"{module.__name__}.{name}": value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }
    for module in modules():
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, Model) and model is not Model:
                for field in model._meta.get_fields():
                    for validator in getattr(field, "validators", []):
                        if isinstance(validator, RegexValidator):
                            found[f"{model.__name__}.{field.name}"] = re.compile(validator.regex)
    return found


@pytest.mark.parametrize("name", sorted(patterns()))
def test_each_pattern_takes_linear_time(name: str) -> None:
    pattern = patterns()[name]
    is_binary = isinstance(pattern.pattern, bytes)
    written = pattern.pattern.decode() if is_binary else pattern.pattern
    characters = sorted(set(written) & set(string.printable) | set("a1@. \n-"))
    runs = [*characters, *(f"{first}{second}" for first, second in itertools.pairwise(characters + characters[::2]))]

    def match(text: str) -> None:
        given: Any = text.encode() if is_binary else text
        pattern.sub(given[:0], given)
        pattern.fullmatch(given)
        pattern.match(given + given[:1])

    assert grows_too_fast(match, 20_000, runs) == []


def test_each_pattern_is_known_to_the_test_above() -> None:
    """A pattern must be compiled when its module is loaded; others are not found."""
    nested = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "bikerental").rglob("*.py"))
        for call in _calls_of_re(ast.parse(path.read_text()))
    ]

    assert nested == []
    assert len(patterns()) > 8


def _calls_of_re(module: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_call and isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
            at_module_level = any(node is getattr(statement, "value", None) for statement in module.body)
            if node.func.attr != "compile" or not at_module_level:
                yield node


# With no key, or with keys that are ours: classes, names of lists and pages, two methods and their statuses.
UNBOUNDED = {
    "bikerental.core.db.backend.base.database_secret",
    "bikerental.feeds.formats.listed",
    "bikerental.feeds.wsgi._middleware_headers",
    "bikerental.feeds.wsgi._series",
    "bikerental.http.document._page",
    "bikerental.http.middleware._image_sources",
    "bikerental.http.views._validated_empty",
    "bikerental.http.views._reader",
    "bikerental.notifications.kinds.message_kinds",
    "bikerental.observe.readiness._all_applied",
    "bikerental.observe.prometheus.sources",
    "bikerental.observe.task_metrics._periodic",
    "bikerental.observe.traces.tracer",
}


def test_each_cache_has_a_bound() -> None:
    caches = {
        f"{module.__name__}.{name}": value.cache_parameters()["maxsize"]
        for module in modules()
        for name, value in vars(module).items()
        if hasattr(value, "cache_parameters") and value.__module__ == module.__name__
    }

    assert {name for name, size in caches.items() if size is None} == UNBOUNDED
    assert len(caches) > 8
