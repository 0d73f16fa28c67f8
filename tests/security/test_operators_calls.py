"""The API's calls for operators: they need the right, and a session that began with a code."""

from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from django_otp.oath import TOTP, totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from rest_framework.test import APIClient

from bikerental.fleet.models import Bike
from bikerental.maintenance.models import PhotoUpload
from bikerental.users.models import GuessCounter, Session, User
from bikerental.users.services.second_factor import second_factor_match
from tests.factories import PASSWORD, make_bike, make_user
from tests.support.threads import at_once

TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _codes_are_asked_for(settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = True


@pytest.fixture
def operator() -> User:
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_bike"))
    TOTPDevice.objects.create(user=user, name="authenticator")
    return user


@pytest.fixture
def bike() -> Bike:
    return make_bike()


def code_of(user: User) -> str:
    return f"{totp(TOTPDevice.objects.get(user=user).bin_key, t0=0):06d}"


def log_in(user: User, **more: str) -> Any:
    return APIClient().post(TOKEN, {"email": user.email, "password": PASSWORD} | more)


def photo_status(answer: Any, bike: Bike) -> tuple[int, str]:
    """Begin to upload a photo with the tokens of this answer. Returns the status, and the code of a refusal."""
    assert answer.status_code == 200, answer.content
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    begun = client.post(f"/api/v1/bikes/{bike.pk}/photo/")
    confirmed = client.post(f"/api/v1/bikes/{bike.pk}/photo/confirm/", {"upload": str(bike.pk)})
    assert (begun.status_code == 403) == (confirmed.status_code == 403)
    return begun.status_code, begun.json().get("code", "")


def test_the_right_and_a_code_let_in(operator: User, bike: Bike) -> None:
    assert photo_status(log_in(operator, code=code_of(operator)), bike) == (201, "")


@pytest.mark.parametrize("more", [{}, {"code": ""}])
def test_a_password_alone_does_not(operator: User, bike: Bike, more: dict[str, str]) -> None:
    assert photo_status(log_in(operator, **more), bike) == (403, "forbidden")
    assert not PhotoUpload.objects.exists()


def test_the_refusal_says_what_to_do(operator: User, bike: Bike) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {log_in(operator).json()['access']}")

    answer = client.post(f"/api/v1/bikes/{bike.pk}/photo/").json()

    assert answer["detail"] == "Operators give a code beside the password: log in again with `code`."


def test_a_code_without_the_right_does_not(operator: User, bike: Bike) -> None:
    operator.user_permissions.clear()

    assert photo_status(log_in(operator, code=code_of(operator)), bike) == (403, "forbidden")


def test_the_right_without_being_an_operator_does_not(operator: User, bike: Bike) -> None:
    User.objects.filter(pk=operator.pk).update(is_staff=False)

    assert photo_status(log_in(operator, code=code_of(operator)), bike) == (403, "forbidden")


def test_without_a_second_factor_the_right_is_needed(operator: User, bike: Bike, settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = False

    assert photo_status(log_in(operator), bike) == (201, "")
    operator.user_permissions.clear()
    assert photo_status(log_in(operator), bike) == (403, "forbidden")


def test_a_refresh_keeps_it(operator: User, bike: Bike) -> None:
    refresh = log_in(operator, code=code_of(operator)).json()["refresh"]

    assert photo_status(APIClient().post(REFRESH, {"refresh": refresh}), bike) == (201, "")


def test_it_lasts_a_shift(operator: User, bike: Bike, settings: Settings) -> None:
    refresh = log_in(operator, code=code_of(operator)).json()["refresh"]
    Session.objects.update(created_at=timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE))

    assert photo_status(APIClient().post(REFRESH, {"refresh": refresh}), bike) == (403, "forbidden")


def test_an_authenticator_that_is_removed_opens_nothing_more(operator: User, bike: Bike) -> None:
    answer = log_in(operator, code=code_of(operator))

    TOTPDevice.objects.get(user=operator).delete()

    assert photo_status(answer, bike) == (403, "forbidden")


def test_one_that_was_given_to_another_neither(operator: User, bike: Bike) -> None:
    answer = log_in(operator, code=code_of(operator))

    TOTPDevice.objects.update(user=make_user())

    assert photo_status(answer, bike) == (403, "forbidden")


def test_one_that_is_not_confirmed_neither(operator: User, bike: Bike) -> None:
    answer = log_in(operator, code=code_of(operator))

    TOTPDevice.objects.update(confirmed=False)

    assert photo_status(answer, bike) == (403, "forbidden")


def test_a_code_of_one_that_is_not_confirmed_is_wrong(operator: User) -> None:
    TOTPDevice.objects.update(confirmed=False)

    assert log_in(operator, code=code_of(operator)).status_code == 401


def test_with_a_code_each_refusal_reads_the_same(operator: User) -> None:
    rider, code = make_user(), code_of(operator)
    answers = [
        APIClient().post(TOKEN, {"email": email, "password": password, "code": sent}).json()
        for email, password, sent in (
            (operator.email, PASSWORD, "000000"),
            (operator.email, PASSWORD, "no code"),
            (operator.email, "wrong", code),
            (rider.email, PASSWORD, code),
            ("nobody@example.org", PASSWORD, code),
        )
    ]

    for answer in answers:
        answer.pop("request_id")
    assert answers == [answers[0]] * len(answers)
    assert (answers[0]["status"], answers[0]["code"]) == (401, "credentials_invalid")
    assert answers[0]["detail"] == "The e-mail, the password or the code is wrong."
    assert not Session.objects.exists()


def test_a_code_is_good_once(operator: User) -> None:
    code = code_of(operator)

    assert [log_in(operator, code=code).status_code for _ in range(2)] == [200, 401]


@pytest.mark.django_db(transaction=True)
def test_one_of_four_calls_with_the_same_code_is_let_in(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    code, verify = code_of(operator), TOTP.verify

    def verify_and_wait(*given: Any) -> bool:
        sleep(0.1)  # long enough that without a lock all would accept the code before one spends it
        return bool(verify(*given))

    monkeypatch.setattr(TOTP, "verify", verify_and_wait)
    devices = at_once(lambda _number: second_factor_match(user=operator, code=code), times=4)

    assert sorted(device is not None for device in devices) == [False, False, False, True]


def test_guessing_codes_is_slowed_as_guessing_passwords_is(operator: User) -> None:
    statuses = [log_in(operator, code="000000").status_code for _ in range(7)]

    assert statuses == [401] * 6 + [429]


def test_a_wrong_code_delays_the_next_one_from_anywhere(operator: User) -> None:
    log_in(operator, code="000000")
    GuessCounter.objects.all().delete()

    assert log_in(operator, code=code_of(operator)).status_code == 401
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    assert log_in(operator, code=code_of(operator)).status_code == 200


@pytest.mark.parametrize("code", ["1" * 17, 123456, ["123456"], "12\x003456"])
def test_a_malformed_code_is_a_400(operator: User, code: Any) -> None:
    answer = log_in(operator, code=code)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "code")


def test_a_riders_calls_need_no_code(operator: User, bike: Bike) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {log_in(operator).json()['access']}")

    assert client.post(f"/api/v1/bikes/{bike.pk}/reports/", {"kind": "lights"}).status_code == 201
