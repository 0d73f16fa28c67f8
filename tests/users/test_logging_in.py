"""Log-in, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from bikerental.users.models import GuessCounter, Session
from tests.clients import RiderClient
from tests.factories import PASSWORD, make_user
from tests.users.calls import (
    CHANGE,
    LOGOUT,
    ME,
    NEW_PASSWORD,
    REFRESH,
    REGISTER,
    TOKEN,
    VERIFY,
    field_errors,
    log_in,
    registration,
    statements_of,
)

pytestmark = pytest.mark.django_db


def test_logging_in_gives_tokens_that_work(anonymous: APIClient) -> None:
    rider = make_user(email="rider@example.org")

    response = anonymous.post(TOKEN, {"email": " RIDER@example.org", "password": PASSWORD})

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert response.headers["Cache-Control"] == "no-store"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert client.get(ME).json()["id"] == str(rider.pk)


def test_every_refused_login_answers_the_same(anonymous: APIClient) -> None:
    rider, closed = make_user(), make_user(is_active=False)
    unusable = make_user(password=None)
    tries = [
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        (rider.email, "wrong"),
        (closed.email, PASSWORD),
        (closed.email, "wrong"),
        (unusable.email, PASSWORD),
    ]

    answers = [anonymous.post(TOKEN, {"email": email, "password": password}) for email, password in tries]

    problems = [answer.json() for answer in answers]
    for problem in problems:
        problem.pop("request_id")
    assert problems == [problems[0]] * len(tries)
    assert (problems[0]["status"], problems[0]["code"]) == (401, "credentials_invalid")
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert Session.objects.count() == 0


def test_each_refused_login_costs_one_hash_and_equal_statements(
    anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashes: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashes.append(password)
        return encode(self, password, salt)

    tries = [
        ("nobody@example.org", PASSWORD),
        (make_user().email, "wrong"),
        (make_user(is_active=False).email, PASSWORD),
        (make_user(password=None).email, PASSWORD),
    ]
    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    costs = []
    for email, password in tries:
        hashes.clear()
        with CaptureQueriesContext(connection) as queries:
            anonymous.post(TOKEN, {"email": email, "password": password})
        costs.append((len(hashes), len(queries)))

    assert costs == [costs[0]] * len(tries)
    assert costs[0][0] == 1


def test_guessing_is_slowed_with_the_time_to_wait(anonymous: APIClient) -> None:
    rider = make_user()
    statuses = [log_in(anonymous, rider, "wrong").status_code for _ in range(6)]

    response = log_in(anonymous, rider)

    assert statuses == [401] * 6
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert response.headers["Retry-After"] == "1"


def test_an_invented_forwarded_header_is_ignored(anonymous: APIClient) -> None:
    rider = make_user()
    for number in range(6):
        log_in(anonymous, rider, "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")

    assert log_in(anonymous, rider, HTTP_X_FORWARDED_FOR="203.0.113.99").status_code == 429


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.org"},
        {"password": "x"},
        {"email": [], "password": {}},
        {"email": None, "password": None},
    ],
)
def test_a_login_without_credentials_is_a_400(anonymous: APIClient, body: dict[str, Any]) -> None:
    assert anonymous.post(TOKEN, body).status_code == 400
    assert GuessCounter.objects.count() == 0


def test_a_very_long_password_is_not_hashed(anonymous: APIClient) -> None:
    assert field_errors(log_in(anonymous, make_user(), "x" * 129)) == [("password", "max_length")]


@pytest.mark.parametrize("path", [REGISTER, TOKEN, REFRESH, VERIFY])
def test_open_endpoints_ignore_a_bad_token(path: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer expired")

    assert client.post(path, {}).status_code == 400


def test_how_many_statements_each_takes(rider_client: RiderClient, anonymous: APIClient) -> None:
    rider, tokens = rider_client.rider, rider_client.tokens
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    credentials = {"email": rider.email, "password": PASSWORD}

    assert {
        "register": statements_of(anonymous, "post", REGISTER, registration()),
        # The counters are read, the attempt is counted; the user; the attempts are forgiven; the session.
        "log in": statements_of(anonymous, "post", TOKEN, credentials),
        "refresh": statements_of(anonymous, "post", REFRESH, {"refresh": RiderClient(rider).tokens.refresh}),
        "verify": statements_of(anonymous, "post", VERIFY, {"token": tokens.access}),
        "profile": statements_of(rider_client, "get", ME),
        "name": statements_of(rider_client, "patch", ME, {"name": "Rider"}),
        "password": statements_of(rider_client, "post", CHANGE, change),
        "log out": statements_of(rider_client, "post", LOGOUT, {"refresh": tokens.refresh}),
    } == {
        "register": 2,  # the account, and the message to confirm its e-mail
        "log in": 5,
        "refresh": 1,
        "verify": 1,
        "profile": 1,
        "name": 2,
        "password": 7,
        "log out": 2,
    }


@pytest.mark.django_db(transaction=True)
def test_a_login_takes_five_statements_and_no_transaction(anonymous: APIClient) -> None:
    credentials = {"email": make_user().email, "password": PASSWORD}

    first, second = (statements_of(anonymous, "post", TOKEN, credentials) for _ in range(2))

    assert (first, second) == (6, 5)  # the counters of a new address are created


@pytest.mark.parametrize("path", [LOGOUT, CHANGE])
def test_log_out_and_the_like_need_a_rider(anonymous: APIClient, path: str) -> None:
    response = anonymous.post(path, {})

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(("scope", "path"), [("register", REGISTER), ("login", TOKEN)])
def test_each_has_a_rate_of_its_own(anonymous: APIClient, settings: Any, scope: str, path: str) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {scope: "2/hour"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}

    answers = [anonymous.post(path, {}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[-1].json()["code"] == "throttled"
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert anonymous.post({REGISTER: TOKEN, TOKEN: REGISTER}[path], {}).status_code == 400


def test_a_session_row_dates_from_its_login(anonymous: APIClient) -> None:
    log_in(anonymous, make_user())

    session = Session.objects.get()
    assert session.created_at == session.refreshed_at
    assert session.expires_at - session.created_at == timedelta(days=30)
