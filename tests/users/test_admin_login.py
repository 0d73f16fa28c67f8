"""The admin's log-in has the same guard against guessing as the API's."""

import pytest
from django.test import Client
from django.utils import timezone

from bikerental.users.models import GuessCounter, User
from tests.factories import PASSWORD, make_user

LOGIN = "/admin/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_user(email="operator@example.org", is_staff=True)


def log_in(email: str, password: str, **headers: str) -> bool:
    response = Client(**headers).post(LOGIN, {"username": email, "password": password, "next": "/admin/"})
    return response.status_code == 302


def test_the_door_names_the_service_and_not_the_framework() -> None:
    page = Client().get(LOGIN).content.decode()

    assert "bikerental" in page
    assert "Django" not in page


def test_operators_log_in_with_the_email_in_any_spelling(operator: User) -> None:
    assert log_in("OPERATOR@example.org", PASSWORD)


def test_a_rider_is_no_operator() -> None:
    assert not log_in(make_user().email, PASSWORD)


def test_a_closed_operator_is_out() -> None:
    operator = make_user(is_staff=True)
    client = Client()
    client.force_login(operator)
    assert client.get("/admin/").status_code == 200

    User.objects.filter(pk=operator.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302
    assert not log_in(operator.email, PASSWORD)


def test_guessing_at_the_admins_door_is_slowed(operator: User) -> None:
    for _ in range(6):
        assert not log_in(operator.email, "wrong")

    assert not log_in(operator.email, PASSWORD)
    GuessCounter.objects.update(blocked_until=timezone.now())
    assert log_in(operator.email, PASSWORD)


def test_behind_a_proxy_each_client_has_its_own_address(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.settings import api_settings

    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    assert log_in(operator.email, PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.10")
    for _ in range(6):
        log_in(operator.email, "wrong", HTTP_X_FORWARDED_FOR="198.51.100.7")

    assert not log_in(operator.email, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert log_in(operator.email, PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.10")
