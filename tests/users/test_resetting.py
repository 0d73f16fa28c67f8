"""Setting a new password with the token from a mail."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.core.errors import ThrottledError
from bikerental.users.exceptions import ResetTokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.services import accounts_close, password_reset_confirm, reset_token_make
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_user
from tests.support.threads import at_once
from tests.users.calls import NEW_PASSWORD, field_errors, log_in

CONFIRM = "/api/v1/auth/password/reset/confirm/"
HOME = "192.0.2.10"


def confirm(token: str, password: str = NEW_PASSWORD) -> Response:
    return APIClient().post(CONFIRM, {"token": token, "new_password": password})


def refused(token: str, *, after: timedelta = timedelta(0), address: str = HOME) -> bool:
    """Whether the token is refused. A refusal must change nothing."""
    before = list(User.objects.order_by("pk").values())
    try:
        password_reset_confirm(token=token, new_password=NEW_PASSWORD, address=address, now=NOON + after)
    except ResetTokenInvalidError:
        assert list(User.objects.order_by("pk").values()) == before
        return True
    return False


@pytest.mark.django_db
def test_a_token_is_good_for_ten_minutes() -> None:
    tokens = [reset_token_make(user=make_user(), now=NOON) for _ in range(2)]

    assert not refused(tokens[0], after=timedelta(minutes=10))
    assert refused(tokens[1], after=timedelta(minutes=10, seconds=1))


@pytest.mark.django_db
def test_a_made_up_token_opens_nothing() -> None:
    rider, other = make_user(), make_user()
    token = reset_token_make(user=rider, now=NOON)
    account, _, proof = token.partition(".")
    stamp, _, digest = proof.partition("-")

    for wrong in (
        "",
        ".",
        account,
        f"{account}.",
        f"{other.pk.hex}.{proof}",
        f"{account}.{stamp}-{digest[:-1]}{'0' if digest[-1] != '0' else '1'}",
        f"{account}.{'z' * 13}-{digest}",
        f"{account}.{stamp}-é",
        f"{'0' * 32}.{proof}",
    ):
        assert refused(wrong, address=f"192.0.2.{len(wrong)}"), wrong


@pytest.mark.django_db
def test_any_other_change_of_the_password_voids_the_token() -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=NOON)
    User.objects.update(password=make_password(PASSWORD))

    assert refused(token)


@pytest.mark.django_db
def test_another_secret_key_makes_no_token(settings: Settings) -> None:
    rider = make_user()
    settings.SECRET_KEY = "another-key"
    token = reset_token_make(user=rider, now=NOON)
    settings.SECRET_KEY = "this-key"

    assert refused(token)


@pytest.mark.django_db
def test_a_closed_account_stays_closed() -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=NOON)
    accounts_close(user_ids=[rider.pk], now=NOON)

    assert refused(token)


@pytest.mark.django_db
def test_a_bad_new_password_leaves_the_token_good() -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=timezone.now())

    assert field_errors(confirm(token, "short")) == [("new_password", "min_length")]
    assert field_errors(confirm(token, "password123")) == [("new_password", "password_too_common")]
    assert confirm(token).status_code == 204


@pytest.mark.django_db
def test_a_bad_token_is_a_400_that_names_it() -> None:
    assert field_errors(confirm("no-token")) == [("token", "reset_token_invalid")]


@pytest.mark.django_db
def test_every_session_ends_and_no_others_do() -> None:
    phone, laptop, other = RiderClient(rider := make_user()), RiderClient(rider), RiderClient(make_user())

    assert confirm(reset_token_make(user=rider, now=timezone.now())).status_code == 204

    assert [client.get("/api/v1/me/").status_code for client in (phone, laptop, other)] == [401, 401, 200]


@pytest.mark.django_db
def test_trying_tokens_at_one_account_slows_down() -> None:
    rider = make_user()
    wrong = f"{rider.pk.hex}.aaaaaa-0123"
    for _ in range(6):
        assert refused(wrong)

    with pytest.raises(ThrottledError):
        refused(wrong)


@pytest.mark.django_db
def test_the_rider_may_log_in_at_once_after_many_wrong_guesses() -> None:
    rider = make_user()
    guesses = [log_in(APIClient(), rider, "wrong-horse-7").status_code for _ in range(8)]
    assert guesses[-1] == 429

    assert confirm(reset_token_make(user=rider, now=timezone.now())).status_code == 204

    assert log_in(APIClient(), rider, NEW_PASSWORD).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_resets_at_once_succeeds() -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=NOON)

    def run(number: int) -> str:
        try:
            password_reset_confirm(
                token=token, new_password=f"{NEW_PASSWORD}{number}", address=f"192.0.2.{number}", now=NOON
            )
        except ResetTokenInvalidError:
            return "refused"
        return f"{NEW_PASSWORD}{number}"

    outcomes = at_once(run, times=8)

    assert sorted(outcomes)[1:] == ["refused"] * 7
    rider.refresh_from_db()
    assert rider.check_password(min(outcomes))


@pytest.mark.django_db(transaction=True)
def test_a_log_in_during_a_change_of_password_has_no_session() -> None:
    rider = make_user()
    token = reset_token_make(user=rider, now=timezone.now())

    def run(number: int) -> int:
        return confirm(token).status_code if number == 0 else log_in(APIClient(), rider).status_code

    outcomes = at_once(run, times=3)

    assert outcomes[0] == 204
    assert not Session.objects.filter(ended_at=None).exists()
