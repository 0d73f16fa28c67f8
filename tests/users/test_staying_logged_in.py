"""Refreshing, verifying and ending a session, over HTTP."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.clients import RiderClient
from tests.factories import make_user
from tests.support.threads import at_once
from tests.users.calls import LOGOUT, ME, REFRESH, VERIFY, field_errors

pytestmark = pytest.mark.django_db


def test_refreshing_spends_the_old_token(rider_client: RiderClient, anonymous: APIClient, settings: Settings) -> None:
    settings.REFRESH_GRACE_SECONDS = 0
    first = rider_client.tokens

    second = anonymous.post(REFRESH, {"refresh": first.refresh})
    again = anonymous.post(REFRESH, {"refresh": first.refresh})

    assert second.status_code == 200
    assert set(second.json()) == {"access", "refresh"}
    assert (again.status_code, again.json()["code"]) == (401, "token_invalid")
    assert anonymous.post(REFRESH, {"refresh": second.json()["refresh"]}).status_code == 401
    assert rider_client.get(ME).status_code == 401


def test_a_lost_answer_is_given_again(rider_client: RiderClient, anonymous: APIClient) -> None:
    first, again = (anonymous.post(REFRESH, {"refresh": rider_client.tokens.refresh}) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["refresh"] == first.json()["refresh"] != rider_client.tokens.refresh
    assert anonymous.get(ME, headers={"Authorization": f"Bearer {again.json()['access']}"}).status_code == 200


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_an_access_token_is_no_refresh_token(rider_client: RiderClient, path: str) -> None:
    response = rider_client.post(path, {"refresh": rider_client.tokens.access})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert rider_client.get(ME).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_twenty_refreshes_at_once_give_one_refresh_token() -> None:
    refresh = RiderClient(make_user()).tokens.refresh

    for _ in range(2):
        spent = refresh
        answers = at_once(lambda _, spent=spent: APIClient().post(REFRESH, {"refresh": spent}), times=20)
        assert [answer.status_code for answer in answers] == [200] * 20
        (refresh,) = {answer.json()["refresh"] for answer in answers} - {spent}


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
def test_a_malformed_token_in_the_body_is_a_401(rider_client: RiderClient, path: str, field: str, token: str) -> None:
    response = rider_client.post(path, {field: token})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("value", [None, "", [], {}, True, "a\x00b"])
@pytest.mark.parametrize(("path", "field"), [(VERIFY, "token"), (REFRESH, "refresh"), (LOGOUT, "refresh")])
def test_a_token_that_is_no_text_is_a_400(rider_client: RiderClient, path: str, field: str, value: object) -> None:
    assert {name for name, _ in field_errors(rider_client.post(path, {field: value}))} == {field}


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
