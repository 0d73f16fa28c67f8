"""Registration, over HTTP."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from bikerental.users.models import User
from tests.factories import PASSWORD, make_user
from tests.support.threads import at_once
from tests.users.calls import (
    REFRESH,
    REGISTER,
    field_errors,
    log_in,
    registration,
)

pytestmark = pytest.mark.django_db


def test_registering_answers_the_profile_and_stores_it(anonymous: APIClient) -> None:
    response = anonymous.post(REGISTER, registration(name="  Rider  ", email=" Rider@Example.ORG "))

    assert response.status_code == 201
    user = User.objects.get()
    answer = response.json()
    assert answer.pop("created_at").endswith("Z")
    assert answer == {"id": str(user.pk), "name": "Rider", "email": "rider@example.org"}
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)
    assert user.check_password(PASSWORD)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("header", "language"), [("ru-RU,ru;q=0.9", "ru"), ("en", "en"), ("fr", "en"), ("*", "en")])
def test_the_language_is_the_requests(anonymous: APIClient, header: str, language: str) -> None:
    anonymous.post(REGISTER, registration(), HTTP_ACCEPT_LANGUAGE=header)

    assert User.objects.get().language == language


def test_keys_nobody_asked_for_change_nothing(anonymous: APIClient) -> None:
    extra = {"is_staff": True, "is_superuser": True, "is_active": False, "id": str(uuid4()), "language": "ru"}

    response = anonymous.post(REGISTER, registration(**extra))

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active, user.language) == (False, False, True, "en")
    assert str(user.pk) == response.json()["id"] != extra["id"]


@pytest.mark.parametrize("again", ["rider@example.org", "RIDER@example.org", "ｒider@example.org"])
def test_a_taken_email_is_named(anonymous: APIClient, again: str) -> None:
    make_user(email="rider@example.org")

    assert field_errors(anonymous.post(REGISTER, registration(email=again))) == [("email", "email_taken")]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"name": ""}, [("name", "blank")]),
        ({"name": " \t "}, [("name", "blank")]),
        ({"name": None}, [("name", "null")]),
        ({"name": ["Rider"]}, [("name", "invalid")]),
        ({"name": True}, [("name", "invalid")]),
        ({"name": 0}, [("name", "invalid")]),
        ({"email": 0}, [("email", "invalid")]),
        ({"password": 1234567890123}, [("password", "invalid")]),
        ({"name": "x" * 151}, [("name", "max_length")]),
        ({"name": "a\nb"}, [("name", "invalid")]),
        ({"name": "a\x1b[31m"}, [("name", "invalid")]),
        ({"name": "a\u2028b"}, [("name", "invalid")]),
        ({"name": "a\u202eb"}, [("name", "invalid")]),
        ({"name": "\u200b\u200d"}, [("name", "invalid")]),
        ({"email": "nobody"}, [("email", "invalid")]),
        ({"email": "a@b@example.org"}, [("email", "invalid")]),
        ({"email": "a\nb@example.org"}, [("email", "invalid")]),
        ({"email": {}}, [("email", "invalid")]),
        ({"password": "short7!"}, [("password", "min_length")]),
        ({"password": "x" * 129}, [("password", "max_length")]),
        ({"password": "password1"}, [("password", "password_too_common")]),
        ({"password": None}, [("password", "null")]),
        ({"name": "", "email": "x", "password": ""}, [("name", "blank"), ("email", "invalid"), ("password", "blank")]),
    ],
    ids=str,
)
def test_invalid_fields_are_named_and_stored_nowhere(
    anonymous: APIClient, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    assert field_errors(anonymous.post(REGISTER, registration(**changes))) == errors
    assert User.objects.count() == 0


@pytest.mark.parametrize("field", ["name", "email", "password"])
def test_a_nul_character_is_refused(anonymous: APIClient, field: str) -> None:
    body = registration()
    body[field] = "a\x00" + body[field]

    assert {name for name, _ in field_errors(anonymous.post(REGISTER, body))} == {field}


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "null", '"x"', "NaN", '{"name": NaN}', '{"name": "\\ud800"}', "[" * 5000, "\x00", '{"name": 1e999}'],
)
def test_odd_bodies_are_refused(anonymous: APIClient, body: str) -> None:
    response = anonymous.post(REGISTER, body, content_type="application/json")

    assert response.status_code == 400
    assert User.objects.count() == 0


def test_the_longest_that_is_allowed_is_taken(anonymous: APIClient) -> None:
    email = "r" * 60 + "@" + ".".join(["d" * 61] * 3) + ".example"
    assert len(email) == 254

    response = anonymous.post(REGISTER, registration(name="Ж" * 150, email=email, password="пароль-" * 18))

    assert response.status_code == 201
    too_long = anonymous.post(REGISTER, registration(email="r" + email))
    assert field_errors(too_long) == [("email", "max_length")]


def test_a_password_is_not_trimmed(anonymous: APIClient) -> None:
    anonymous.post(REGISTER, registration(password=f" {PASSWORD} "))

    assert User.objects.get().check_password(f" {PASSWORD} ")


@pytest.mark.django_db(transaction=True)
def test_two_registrations_at_once_give_one_201_and_one_400() -> None:
    def run(number: int) -> tuple[int, str]:
        response = APIClient().post(REGISTER, registration(email=["rider@example.org", "Rider@Example.org"][number]))
        return response.status_code, (response.json().get("errors") or [{"code": ""}])[0]["code"]

    assert sorted(at_once(run, times=2)) == [(201, ""), (400, "email_taken")]
    assert User.objects.count() == 1


def test_neither_password_nor_token_is_answered_or_logged(
    anonymous: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rider = make_user()
    answers = [
        anonymous.post(REGISTER, registration()),
        anonymous.post(REGISTER, registration(email="no address")),
        log_in(anonymous, rider),
        log_in(anonymous, rider, PASSWORD + "x"),
    ]
    refresh = answers[2].json()["refresh"]
    anonymous.post(REFRESH, {"refresh": refresh})
    anonymous.post(REFRESH, {"refresh": refresh})

    assert all(PASSWORD not in answer.content.decode() for answer in answers)
    assert PASSWORD not in caplog.text
    assert refresh not in caplog.text
