"""The account endpoints over HTTP."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.users.models import GuessCounter, Session, User
from tests.clients import RiderClient
from tests.factories import PASSWORD, make_user
from tests.users.racing import race

REGISTER = "/api/v1/auth/register/"
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
VERIFY = "/api/v1/auth/token/verify/"
LOGOUT = "/api/v1/auth/logout/"
ME = "/api/v1/me/"
CHANGE = "/api/v1/me/password/"
NEW_PASSWORD = "another-saddle-3"

pytestmark = pytest.mark.django_db


def registration(**changes: Any) -> dict[str, Any]:
    return {"name": "Rider", "email": "rider@example.org", "password": PASSWORD} | changes


def field_errors(response: Response) -> list[tuple[str, str]]:
    assert response.status_code == 400
    problem = response.json()
    assert problem["code"] == "invalid"
    return [(error["field"], error["code"]) for error in problem["errors"]]


def log_in(client: APIClient, rider: User, password: str = PASSWORD, **headers: str) -> Response:
    return client.post(TOKEN, {"email": rider.email, "password": password}, **headers)


def statements_of(client: APIClient, method: str, path: str, body: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(path, body)
    assert response.status_code < 300, response.content
    begun = ("SAVEPOINT", "RELEASE SAVEPOINT")
    return sum(not query["sql"].startswith(begun) for query in queries)


# Registering


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
def test_what_is_not_valid_is_named_and_stored_nowhere(
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

    assert sorted(race(run, times=2)) == [(201, ""), (400, "email_taken")]
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


# Logging in


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


def test_every_refused_login_costs_one_hash_and_as_many_statements(
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


def test_a_header_of_the_clients_making_is_no_other_address(anonymous: APIClient) -> None:
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
def test_a_bad_token_sent_along_does_not_close_the_open_endpoints(path: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer expired")

    assert client.post(path, {}).status_code == 400


# Staying logged in


def test_refreshing_spends_the_old_token(rider_client: RiderClient, anonymous: APIClient) -> None:
    first = rider_client.tokens

    second = anonymous.post(REFRESH, {"refresh": first.refresh})
    again = anonymous.post(REFRESH, {"refresh": first.refresh})

    assert second.status_code == 200
    assert set(second.json()) == {"access", "refresh"}
    assert (again.status_code, again.json()["code"]) == (401, "token_invalid")
    assert anonymous.post(REFRESH, {"refresh": second.json()["refresh"]}).status_code == 401
    assert rider_client.get(ME).status_code == 401


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_an_access_token_is_no_refresh_token(rider_client: RiderClient, path: str) -> None:
    response = rider_client.post(path, {"refresh": rider_client.tokens.access})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert rider_client.get(ME).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_twenty_refreshes_at_once_give_exactly_one_200() -> None:
    refresh = RiderClient(make_user()).tokens.refresh

    statuses = race(lambda _: APIClient().post(REFRESH, {"refresh": refresh}).status_code, times=20)

    assert sorted(statuses) == [200] + [401] * 19


def test_verifying_answers_for_both_kinds(rider_client: RiderClient, anonymous: APIClient) -> None:
    for token in rider_client.tokens:
        response = anonymous.post(VERIFY, {"token": token})
        assert (response.status_code, response.json()) == (200, {})


def test_verifying_knows_that_the_session_ended(rider_client: RiderClient, anonymous: APIClient) -> None:
    rider_client.post(LOGOUT, {"refresh": rider_client.tokens.refresh})

    for token in rider_client.tokens:
        response = anonymous.post(VERIFY, {"token": token})
        assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 100_000])
@pytest.mark.parametrize(("path", "field"), [(VERIFY, "token"), (REFRESH, "refresh"), (LOGOUT, "refresh")])
def test_what_is_no_token_is_a_401(rider_client: RiderClient, path: str, field: str, token: str) -> None:
    response = rider_client.post(path, {field: token})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("value", [None, "", [], {}, True, "a\x00b"])
@pytest.mark.parametrize(("path", "field"), [(VERIFY, "token"), (REFRESH, "refresh"), (LOGOUT, "refresh")])
def test_what_is_no_text_is_a_400(rider_client: RiderClient, path: str, field: str, value: object) -> None:
    assert {name for name, _ in field_errors(rider_client.post(path, {field: value}))} == {field}


# Logging out


def test_logging_out_ends_the_session(rider_client: RiderClient, anonymous: APIClient) -> None:
    response = rider_client.post(LOGOUT, {"refresh": rider_client.tokens.refresh})

    assert (response.status_code, response.content) == (204, b"")
    assert anonymous.post(REFRESH, {"refresh": rider_client.tokens.refresh}).status_code == 401
    assert rider_client.get(ME).status_code == 401


def test_another_riders_token_logs_nobody_out(rider_client: RiderClient) -> None:
    other = RiderClient(make_user())

    response = rider_client.post(LOGOUT, {"refresh": other.tokens.refresh})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert other.get(ME).status_code == 200
    assert rider_client.get(ME).status_code == 200


# The profile


def test_the_profile_is_the_callers(rider_client: RiderClient) -> None:
    make_user()
    rider = rider_client.rider

    response = rider_client.get(ME)

    assert response.json() == {
        "id": str(rider.pk),
        "name": rider.name,
        "email": rider.email,
        "created_at": rider.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert response.headers["Cache-Control"] == "no-store"


def test_the_name_can_be_changed_and_nothing_else(rider_client: RiderClient) -> None:
    rider = rider_client.rider
    body = {"name": " Новое имя ", "email": "other@example.org", "is_staff": True, "id": str(uuid4())}

    response = rider_client.patch(ME, body)

    assert response.status_code == 200
    assert (response.json()["name"], response.json()["email"]) == ("Новое имя", rider.email)
    stored = User.objects.get()
    assert (stored.pk, stored.name, stored.email, stored.is_staff) == (rider.pk, "Новое имя", rider.email, False)


def test_an_empty_patch_changes_nothing(rider_client: RiderClient) -> None:
    response = rider_client.patch(ME, {})

    assert (response.status_code, response.json()["name"]) == (200, rider_client.rider.name)


@pytest.mark.parametrize("name", ["", " ", None, "x" * 151, "a\x07b", [], "a\x00b"])
def test_a_name_that_is_none_is_refused(rider_client: RiderClient, name: object) -> None:
    assert {field for field, _ in field_errors(rider_client.patch(ME, {"name": name}))} == {"name"}
    assert User.objects.get().name == rider_client.rider.name


# The password


def test_changing_the_password_ends_every_other_session(rider_client: RiderClient, anonymous: APIClient) -> None:
    rider = rider_client.rider
    other_device = RiderClient(rider)

    response = rider_client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert (response.status_code, response.content) == (204, b"")
    assert rider_client.get(ME).status_code == 200
    assert other_device.get(ME).status_code == 401
    assert anonymous.post(REFRESH, {"refresh": other_device.tokens.refresh}).status_code == 401
    assert log_in(anonymous, rider).status_code == 401
    assert log_in(anonymous, rider, NEW_PASSWORD).status_code == 200


def test_a_wrong_current_password_changes_nothing(rider_client: RiderClient) -> None:
    other_device = RiderClient(rider_client.rider)

    response = rider_client.post(CHANGE, {"current_password": "wrong", "new_password": NEW_PASSWORD})

    assert field_errors(response) == [("current_password", "password_wrong")]
    assert User.objects.get().check_password(PASSWORD)
    assert other_device.get(ME).status_code == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [("short7!", "min_length"), ("x" * 129, "max_length"), ("password1", "password_too_common")],
)
def test_a_new_password_is_held_to_the_rules(rider_client: RiderClient, password: str, code: str) -> None:
    response = rider_client.post(CHANGE, {"current_password": PASSWORD, "new_password": password})

    assert field_errors(response) == [("new_password", code)]
    assert User.objects.get().check_password(PASSWORD)


def test_a_stolen_token_does_not_guess_the_password(rider_client: RiderClient) -> None:
    body = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    statuses = [rider_client.post(CHANGE, body).status_code for _ in range(7)]

    assert statuses == [400] * 6 + [429]


# What each costs


def test_how_many_statements_each_takes(rider_client: RiderClient, anonymous: APIClient) -> None:
    rider, tokens = rider_client.rider, rider_client.tokens
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    credentials = {"email": rider.email, "password": PASSWORD}

    assert {
        "register": statements_of(anonymous, "post", REGISTER, registration()),
        # The counters: read, locked, counted; the user; the counters forgiven (2); the user locked; the session.
        "log in": statements_of(anonymous, "post", TOKEN, credentials),
        "refresh": statements_of(anonymous, "post", REFRESH, {"refresh": RiderClient(rider).tokens.refresh}),
        "verify": statements_of(anonymous, "post", VERIFY, {"token": tokens.access}),
        "profile": statements_of(rider_client, "get", ME),
        "name": statements_of(rider_client, "patch", ME, {"name": "Rider"}),
        "password": statements_of(rider_client, "post", CHANGE, change),
        "log out": statements_of(rider_client, "post", LOGOUT, {"refresh": tokens.refresh}),
    } == {
        "register": 1,
        "log in": 8,
        "refresh": 1,
        "verify": 1,
        "profile": 1,
        "name": 2,
        "password": 9,
        "log out": 2,
    }


@pytest.mark.parametrize("path", [LOGOUT, CHANGE])
def test_these_need_a_rider(anonymous: APIClient, path: str) -> None:
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
