"""Odd input gives a 4xx, never a 5xx."""

import gzip
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

ECHO = "/api/test/echo/"
MIB = 1024 * 1024


def post(client: APIClient, body: bytes, content_type: str = "application/json"):  # type: ignore[no-untyped-def]
    return client.generic("POST", ECHO, body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"real": NaN}',
        b'{"real": Infinity}',
        b'{"real": 1e309}',
        b'{"real": -1e309}',
        b'{"text": "\xff\xfe"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\udc00\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"text": "a\x00b"}',
        b'{"text": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"text": ' * 10_000 + b"1" + b"}" * 10_000,
        b'{"text": ' + b"[" * 100 + b"]" * 100 + b"}",
        b"[]",
        b"1",
        b"null",
        b'"text"',
    ],
)
def test_a_body_that_is_no_json_object_is_a_parse_error(client: APIClient, body: bytes) -> None:
    response = post(client, body)

    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"
    assert response.json()["errors"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "a\x00b"),
        ("text", []),
        ("text", {}),
        ("number", 2**63),
        ("number", 2**64),
        ("number", 10**400),
        ("number", -(10**30)),
        ("number", 1.5),
        ("number", "9" * 2000),
        ("number", "\x00"),
        ("real", "NaN"),
        ("real", "-Infinity"),
        ("real", "1e309"),
        ("real", "\x00"),
        ("real", []),
        ("real", 91),
        ("id", "\x00"),
        ("id", 1.5),
        ("id", 2**70),
        ("id", -1),
        ("id", "not-one"),
        ("at", "\x00"),
        ("at", "0001-01-01T00:00:00+23:59"),
        ("at", "9999-12-31T23:59:59-23:59"),
        ("at", 5),
        ("flag", []),
        ("choice", "blue"),
        ("choice", {}),
        ("choice", "\x00"),
        ("inner", []),
        ("inner", "x"),
        ("inners", {}),
    ],
)
def test_a_value_that_means_nothing_is_a_400_that_names_it(client: APIClient, field: str, value: object) -> None:
    response = post(client, json.dumps({field: value}).encode())

    assert response.status_code == 400
    # A number beyond a double is not valid JSON for us.
    if response.json()["code"] != "parse_error":
        assert response.json()["code"] == "invalid"
        assert {error["field"].split(".")[0] for error in response.json()["errors"]} == {field}


@pytest.mark.parametrize(
    "query", ["text=a%00b", "real=nan", "real=inf", "real=1e999", "number=1%00", "choice=%ED%A0%80"]
)
def test_a_parameter_that_means_nothing_is_a_400_that_names_it(client: APIClient, query: str) -> None:
    response = client.get(f"{ECHO}?{query}")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [query.partition("=")[0]]


def test_the_last_of_a_repeated_parameter_counts(client: APIClient) -> None:
    assert client.get(f"{ECHO}?number=1&number=2&colour=blue").json() == {"number": 2}


def test_a_thousand_parameters_are_a_400(client: APIClient) -> None:
    assert client.get(f"{ECHO}?{'a=1&' * 2000}").status_code == 400


def test_unknown_keys_change_nothing(client: APIClient) -> None:
    assert post(client, b'{"number": 1, "is_staff": true}').json() == {"number": 1}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"text": None, "flag": None, "inner": None, "inners": None}, {}),
        ({"text": None, "number": 1}, {"number": 1}),
        ({"unknown": None}, {}),
    ],
)
def test_null_for_a_field_that_may_be_absent_means_absent(client: APIClient, body: Any, answer: Any) -> None:
    response = post(client, json.dumps(body).encode())

    assert (response.status_code, response.json()) == (200, answer)


@pytest.mark.parametrize("body", [{"inner": {"name": None}}, {"inners": [{"name": None}]}, {"inners": [None]}])
def test_null_for_what_is_required_is_a_400(client: APIClient, body: Any) -> None:
    response = post(client, json.dumps(body).encode())

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_an_empty_body_is_an_empty_object(client: APIClient, body: bytes) -> None:
    response = post(client, body)

    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_content_types_are_accepted(client: APIClient, content_type: str) -> None:
    assert post(client, '{"text": "Привет"}'.encode(), content_type).json() == {"text": "Привет"}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "/"]
)
def test_another_content_type_is_a_415(client: APIClient, content_type: str) -> None:
    response = post(client, b"number=1", content_type)

    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "identity, gzip", "x"])
@pytest.mark.parametrize("body", [gzip.compress(b'{"number": 1}'), b'{"number": 1}'])
def test_a_compressed_body_is_a_415(client: APIClient, encoding: str, body: bytes) -> None:
    response = client.generic(
        "POST", ECHO, body, content_type="application/json", headers={"Content-Encoding": encoding}
    )

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert response.json()["detail"] == "Send the body as application/json, without a Content-Encoding."


@pytest.mark.parametrize("encoding", ["identity", " Identity ", ""])
def test_a_body_that_says_it_is_not_packed_is_read(client: APIClient, encoding: str) -> None:
    response = client.generic(
        "POST", ECHO, b'{"number": 1}', content_type="application/json", headers={"Content-Encoding": encoding}
    )

    assert response.json() == {"number": 1}


def test_a_body_of_a_mebibyte_is_read(client: APIClient) -> None:
    body = b'{"text": "' + b"x" * (MIB - 12) + b'"}'

    assert len(body) == MIB
    assert post(client, body).status_code == 200


def test_a_byte_more_is_a_413(client: APIClient) -> None:
    response = post(client, b" " * (MIB + 1))

    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "٣"])
def test_a_length_that_is_no_number_is_a_400(client: APIClient, length: str) -> None:
    response = client.generic("POST", ECHO, b"{}", content_type="application/json", CONTENT_LENGTH=length)

    assert response.status_code == 400


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "application/problem+json", "*/*", "nonsense", "a/b;" * 2000]
)
def test_any_accept_header_gets_json(client: APIClient, accept: str) -> None:
    response = client.get(ECHO, headers={"Accept": accept})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
