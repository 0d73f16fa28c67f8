"""A password reset, from the request to the link in the mail."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.notifications.models import Notification
from bikerental.notifications.services import notification_deliver, notifications_deliver, password_reset_request
from bikerental.users.models import User
from bikerental.users.services import reset_token_make
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_user
from tests.notifications.conftest import FakeMailer, make_notification
from tests.users.calls import NEW_PASSWORD, TOKEN

RESET = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
pytestmark = pytest.mark.django_db


def ask(email: str, **extra: Any) -> Response:
    return APIClient().post(RESET, {"email": email}, **extra)


def deliver() -> None:
    notifications_deliver(Notification.objects.values_list("pk", flat=True))


def make_accounts() -> None:
    make_user(email="known@example.org")
    make_user(email="closed@example.org", is_active=False)


def test_the_mailed_link_opens_once_and_ends_the_sessions(settings: Settings) -> None:
    settings.PASSWORD_RESET_URL = "https://app.example/new-password#{token}"
    phone = RiderClient(make_user(email="known@example.org", language="ru"))
    assert ask(" Known@Example.org ").status_code == 202

    deliver()
    (sent,) = mail.outbox
    (token,) = re.findall(r"https://app\.example/new-password#(\S+)", sent.body)
    first, second = (APIClient().post(CONFIRM, {"token": token, "new_password": NEW_PASSWORD}) for _ in range(2))

    assert sent.to == ["known@example.org"]
    assert sent.subject == "Новый пароль для проката велосипедов"
    assert (first.status_code, second.status_code) == (204, 400)
    assert second.json()["errors"][0]["code"] == "reset_token_invalid"
    assert phone.get("/api/v1/me/").status_code == 401
    logins = [{"email": "known@example.org", "password": password} for password in (PASSWORD, NEW_PASSWORD)]
    assert [APIClient().post(TOKEN, login).status_code for login in logins] == [401, 200]


def test_both_forms_of_the_mail_have_the_link(settings: Settings) -> None:
    settings.PASSWORD_RESET_URL = "https://app.example/new-password#{token}"
    make_accounts()
    ask("known@example.org")

    deliver()

    (sent,) = mail.outbox
    assert isinstance(sent, mail.EmailMultiAlternatives)
    ((html, _),) = sent.alternatives
    (link,) = re.findall(r"https://app\.example/\S+", str(sent.body))
    assert f'href="{link}"' in str(html)
    assert "10 minutes" in mail.outbox[0].body


@pytest.mark.parametrize("email", ["known@example.org", "closed@example.org", "unknown@example.org", "no address"])
def test_nobody_learns_whether_there_is_an_account(email: str) -> None:
    """Neither from the answer nor from the work: the statements are the same, so the time is too."""
    make_accounts()
    with CaptureQueriesContext(connection) as queries:
        answer = ask(email)
    shapes = [re.sub(r"'[^']*'|\d+|NULL|\bE?'\S+", "?", query["sql"].split(" WHERE")[0])[:60] for query in queries]

    assert (answer.status_code, answer.json()) == (202, {})
    make_user(email="reference@example.org")
    with CaptureQueriesContext(connection) as reference:
        ask("reference@example.org", REMOTE_ADDR="192.0.2.77")
    assert len(queries) == len(reference)
    assert shapes == [
        re.sub(r"'[^']*'|\d+|NULL|\bE?'\S+", "?", query["sql"].split(" WHERE")[0])[:60] for query in reference
    ]


def test_only_an_open_account_is_written_to() -> None:
    make_accounts()
    for email in ("known@example.org", "closed@example.org", "unknown@example.org"):
        ask(email)

    deliver()

    assert [sent.to for sent in mail.outbox] == [["known@example.org"]]
    states = Notification.objects.order_by("created_at").values_list("state", "last_error", "recipient__email")
    assert list(states) == [
        ("sent", "", "known@example.org"),
        ("dropped", "no_account", None),
        ("dropped", "no_account", None),
    ]


def test_the_table_holds_nothing_that_opens_an_account() -> None:
    make_accounts()
    ask("known@example.org")
    deliver()

    (token,) = re.findall(r"#(\S+)", mail.outbox[0].body)
    proof = token.partition(".")[2]
    for model in (Notification, User):
        assert proof not in repr(list(model.objects.values()))


@pytest.mark.parametrize("email", ["known@example.org", "unknown@example.org"])
def test_asking_for_one_account_slows_down_if_it_exists_or_not(email: str) -> None:
    make_accounts()

    answers = [ask(email) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [202] * 6 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert Notification.objects.count() == 6


def test_asking_does_not_delay_logging_in() -> None:
    make_accounts()
    for _ in range(8):
        ask("known@example.org")

    assert APIClient().post(TOKEN, {"email": "known@example.org", "password": PASSWORD}).status_code == 200


def test_the_rate_of_logging_in_holds(settings: Settings) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"login": "2/hour"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}

    asked = [ask(f"rider{number}@example.org").status_code for number in range(2)]

    assert [*asked, APIClient().post(CONFIRM, {"token": "x", "new_password": NEW_PASSWORD}).status_code] == [
        202,
        202,
        429,
    ]


def test_a_link_that_nobody_waits_for_is_not_mailed() -> None:
    make_accounts()
    password_reset_request(email="known@example.org", language="en", address="192.0.2.1", now=NOON)
    (row,) = Notification.objects.all()
    Notification.objects.update(next_attempt_at=NOON)
    mailer = FakeMailer()

    late = notification_deliver(row.pk, now=NOON + timedelta(minutes=10, seconds=1), mailer=mailer)

    row.refresh_from_db()
    assert (late, row.last_error, mailer.mails) == ("dropped", "expired", [])


def test_an_account_closed_meanwhile_gets_no_link() -> None:
    make_accounts()
    ask("known@example.org")
    User.objects.update(is_active=False)

    deliver()

    assert (mail.outbox, Notification.objects.get().last_error) == ([], "recipient_gone")


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": "x" * 255}, {"email": ["a"]}, {"email": 0}, {"email": "a\0b"}]
)
def test_odd_input_is_a_400(body: dict[str, Any]) -> None:
    assert APIClient().post(RESET, body).status_code == 400
    assert not Notification.objects.exists()


def test_the_token_of_a_mail_is_the_riders_own() -> None:
    """Each of two riders gets the token of his own account."""
    riders = [make_user(), make_user()]
    rows = [
        make_notification(number, kind="password_reset", recipient=rider, context={}, created_at=timezone.now())
        for number, rider in enumerate(riders)
    ]
    mailer = FakeMailer()
    now = timezone.now()

    for row in rows:
        notification_deliver(row.pk, now=now, mailer=mailer)

    tokens = [reset_token_make(user=rider, now=now) for rider in riders]
    assert [[token in sent.text for token in tokens] for sent in mailer.mails] == [[True, False], [False, True]]
