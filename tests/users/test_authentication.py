"""Authentication, tested with `GET /api/v1/me/`, which needs any rider."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.users.models import Session, User
from bikerental.users.services import accounts_close
from tests.clients import RiderClient

ME = "/api/v1/me/"

pytestmark = pytest.mark.django_db


def code_for(authorization: str | None) -> tuple[int, str]:
    """Status and code of an answer. A refusal must say how to log in."""
    client = APIClient()
    if authorization is not None:
        client.credentials(HTTP_AUTHORIZATION=authorization)
    response = client.get(ME)
    if response.status_code == 200:
        return 200, ""
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def resigned(token: str, *, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    if key is None:
        key = str(settings.SIMPLE_JWT["SIGNING_KEY"])
    return jwt.encode(claims, key, algorithm=algorithm)


def test_an_access_token_lets_in(rider_client: RiderClient) -> None:
    assert code_for(f"Bearer {rider_client.tokens.access}") == (200, "")
    assert code_for(f"bearer {rider_client.tokens.access}") == (200, "")


@pytest.mark.parametrize("authorization", [None, "", "Basic cmlkZXI6cGFzc3dvcmQ=", "Token abc"])
def test_without_a_bearer_token_nobody_is_logged_in(authorization: str | None) -> None:
    assert code_for(authorization) == (401, "not_authenticated")


@pytest.mark.parametrize("token", ["", " ", "x", "a.b.c", "é", "a b c", "e30.e30.e30", "\x00", "x" * 6000])
def test_a_malformed_bearer_token_is_a_401(token: str) -> None:
    assert code_for(f"Bearer {token}") == (401, "token_invalid")


def test_an_expired_token_is_refused(rider_client: RiderClient) -> None:
    expired = int(timezone.now().timestamp()) - 1

    assert code_for(f"Bearer {resigned(rider_client.tokens.access, exp=expired)}") == (401, "token_invalid")


def test_a_token_lasts_no_second_longer(rider_client: RiderClient) -> None:
    assert code_for(f"Bearer {resigned(rider_client.tokens.access, exp=int(timezone.now().timestamp()) + 5)}")[0] == 200


def test_a_forged_signature_is_refused(rider_client: RiderClient) -> None:
    head, body, signature = rider_client.tokens.access.split(".")
    forged = signature[:-5] + ("AAAAA" if signature[-5:] != "AAAAA" else "BBBBB")

    assert code_for(f"Bearer {head}.{body}.{forged}") == (401, "token_invalid")
    assert code_for(f"Bearer {head}.{body}.") == (401, "token_invalid")


def test_an_unsigned_token_is_refused(rider_client: RiderClient) -> None:
    unsigned = resigned(rider_client.tokens.access, key="", algorithm="none")

    assert code_for(f"Bearer {unsigned}") == (401, "token_invalid")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # the key is long enough for our algorithm
def test_another_algorithm_is_refused(rider_client: RiderClient) -> None:
    assert code_for(f"Bearer {resigned(rider_client.tokens.access, algorithm='HS512')}") == (401, "token_invalid")


@pytest.mark.parametrize("key", ["another-key-of-a-good-length-that-is-not-ours", settings.SECRET_KEY])
def test_another_key_is_refused(rider_client: RiderClient, key: str) -> None:
    assert code_for(f"Bearer {resigned(rider_client.tokens.access, key=key)}") == (401, "token_invalid")


@pytest.mark.parametrize("changes", [{"aud": "another-api"}, {"iss": "another-issuer"}, {"token_type": "sliding"}])
def test_a_token_for_somebody_else_is_refused(rider_client: RiderClient, changes: dict[str, str]) -> None:
    assert code_for(f"Bearer {resigned(rider_client.tokens.access, **changes)}") == (401, "token_invalid")


def test_a_refresh_token_is_no_access_token(rider_client: RiderClient) -> None:
    assert code_for(f"Bearer {rider_client.tokens.refresh}") == (401, "token_invalid")


def test_a_closed_account_loses_access_at_once(rider_client: RiderClient) -> None:
    User.objects.filter(pk=rider_client.rider.pk).update(is_active=False)

    assert code_for(f"Bearer {rider_client.tokens.access}") == (401, "token_invalid")


def test_an_ended_session_loses_access_at_once(rider_client: RiderClient) -> None:
    Session.objects.filter(user=rider_client.rider).update(ended_at=timezone.now())

    assert code_for(f"Bearer {rider_client.tokens.access}") == (401, "token_invalid")


def test_reopening_an_account_brings_no_session_back(rider_client: RiderClient) -> None:
    accounts_close(user_ids=[rider_client.rider.pk], now=timezone.now() - timedelta(seconds=1))
    User.objects.filter(pk=rider_client.rider.pk).update(is_active=True)

    assert code_for(f"Bearer {rider_client.tokens.access}") == (401, "token_invalid")


def test_authentication_is_one_statement(rider_client: RiderClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert rider_client.get(ME).status_code == 200

    assert len(queries) == 1


def test_a_forged_token_costs_no_statement(rider_client: RiderClient) -> None:
    forged = resigned(rider_client.tokens.access, key="another-key-of-a-good-length-that-is-not-ours")

    with CaptureQueriesContext(connection) as queries:
        assert code_for(f"Bearer {forged}") == (401, "token_invalid")

    assert len(queries) == 0


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        (None, "Log in and send the access token as Authorization: Bearer."),
        (
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "The header Authorization must be the word Bearer, a space, and the access token.",
        ),
    ],
)
def test_a_token_without_its_scheme_is_told_what_is_missing(authorization: str | None, detail: str) -> None:
    given = {"HTTP_AUTHORIZATION": authorization} if authorization else {}

    problem = APIClient().get("/api/v1/me/", **given).json()

    assert (problem["code"], problem["detail"]) == ("not_authenticated", detail)
