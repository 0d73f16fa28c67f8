"""An unconfirmed address may be a stranger's: it gets only links."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_deliver
from bikerental.users.exceptions import EmailTokenInvalidError
from bikerental.users.models import User
from bikerental.users.services import email_confirm, email_token_make
from bikerental.users.services.confirming import email_mark_confirmed
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_bike, make_returned_rental, make_user
from tests.notifications.conftest import make_notification
from tests.support.threads import at_once
from tests.users.calls import ME, NEW_PASSWORD, REGISTER, field_errors, registration

pytestmark = pytest.mark.django_db
CONFIRM = "/api/v1/auth/email/confirm/"
RESEND = "/api/v1/auth/email/resend/"
RENTALS = "/api/v1/rentals/"


def unconfirmed(**fields: Any) -> User:
    return make_user(email_confirmed_at=None, **fields)


def deliver() -> None:
    notifications_deliver(Notification.objects.order_by("created_at").values_list("pk", flat=True))


def confirm(token: str) -> Response:
    return APIClient().post(CONFIRM, {"token": token})


def token_of(user: User) -> str:
    return email_token_make(user=user, now=timezone.now())


def reasons() -> list[tuple[str, str, str]]:
    return list(Notification.objects.order_by("created_at").values_list("kind", "state", "last_error"))


@pytest.mark.parametrize(
    ("language", "subject", "days"),
    [
        ("en", "Confirm your e-mail for bike rental", "3 days"),
        ("ru", "Подтвердите почту для проката велосипедов", "3 дней"),
    ],
)
def test_the_first_link_confirms_the_e_mail_once(
    anonymous: APIClient, settings: Settings, language: str, subject: str, days: str
) -> None:
    settings.EMAIL_CONFIRM_URL = "https://app.example/confirm#{token}"
    assert anonymous.post(REGISTER, registration(), headers={"Accept-Language": language}).status_code == 201
    rider = RiderClient(User.objects.get())
    assert rider.get(ME).json()["email_confirmed"] is False

    deliver()
    (sent,) = mail.outbox
    (token,) = re.findall(r"https://app\.example/confirm#(\S+)", str(sent.body))
    answers = [confirm(token) for _ in range(2)]

    assert (sent.to, sent.subject) == (["rider@example.org"], subject)
    assert days in sent.body
    assert isinstance(sent, mail.EmailMultiAlternatives)
    assert f'href="https://app.example/confirm#{token}"' in str(sent.alternatives[0][0])
    assert answers[0].status_code == 204
    assert field_errors(answers[1]) == [("token", "email_token_invalid")]
    assert rider.get(ME).json()["email_confirmed"] is True


def test_an_account_that_is_refused_owes_nothing(anonymous: APIClient) -> None:
    make_user(email="rider@example.org")

    assert anonymous.post(REGISTER, registration()).status_code == 400
    assert not Notification.objects.exists()


@pytest.mark.parametrize("token", ["x", "a.b", "0197a0000000700080000000000000a1.d0i9zr-5f2c", "é.ü", "x" * 128])
def test_a_malformed_confirmation_token_is_a_400(token: str) -> None:
    assert field_errors(confirm(token)) == [("token", "email_token_invalid")]


def test_a_token_is_good_for_three_days() -> None:
    rider = unconfirmed()
    token = email_token_make(user=rider, now=NOON)

    with pytest.raises(EmailTokenInvalidError):
        email_confirm(token=token, now=NOON + timedelta(days=3, seconds=1))
    assert not User.objects.get().email_confirmed
    email_confirm(token=token, now=NOON + timedelta(days=3))
    assert User.objects.get().email_confirmed_at == NOON + timedelta(days=3)


@pytest.mark.parametrize("change", [{"email": "other@example.org"}, {"is_active": False}])
def test_a_token_is_for_that_e_mail_of_an_open_account(change: dict[str, Any]) -> None:
    rider = unconfirmed()
    token = token_of(rider)
    User.objects.update(**change)

    assert field_errors(confirm(token)) == [("token", "email_token_invalid")]
    assert not User.objects.get().email_confirmed


@pytest.mark.parametrize("change", [{"email": "other@example.org"}, {"is_active": False}])
def test_an_address_changed_since_the_check_is_not_confirmed(change: dict[str, Any]) -> None:
    rider = unconfirmed()
    User.objects.update(**change)

    assert not email_mark_confirmed(user_id=rider.pk, email=rider.email, now=NOON)

    assert not User.objects.get().email_confirmed


def test_a_token_for_a_password_confirms_nothing_by_itself() -> None:
    from bikerental.users.services import reset_token_make

    rider = unconfirmed()

    assert confirm(reset_token_make(user=rider, now=timezone.now())).status_code == 400
    body = {"token": token_of(rider), "new_password": NEW_PASSWORD}
    assert APIClient().post("/api/v1/auth/password/reset/confirm/", body).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_confirmations_at_once_succeeds() -> None:
    token = token_of(unconfirmed())

    statuses = at_once(lambda _: confirm(token).status_code, times=8)

    assert sorted(statuses) == [204] + [400] * 7


def test_the_table_holds_nothing_that_confirms(anonymous: APIClient) -> None:
    anonymous.post(REGISTER, registration())
    deliver()

    (token,) = re.findall(r"#(\S+)", str(mail.outbox[0].body))
    for model in (Notification, User):
        assert token.partition(".")[2] not in repr(list(model.objects.values()))


def test_another_password_by_mail_confirms_the_e_mail(anonymous: APIClient) -> None:
    rider = unconfirmed()
    anonymous.post("/api/v1/auth/password/reset/", {"email": rider.email})
    deliver()
    (token,) = re.findall(r"#(\S+)", str(mail.outbox[0].body))

    body = {"token": token, "new_password": NEW_PASSWORD}
    assert anonymous.post("/api/v1/auth/password/reset/confirm/", body).status_code == 204

    assert User.objects.get().email_confirmed


def test_asking_again_sends_another_link() -> None:
    client = RiderClient(unconfirmed())

    answer = client.post(RESEND)
    deliver()

    assert (answer.status_code, answer.json()) == (202, {})
    assert reasons() == [("email_confirmation", "sent", "")]


def test_a_confirmed_e_mail_gets_no_link(rider_client: RiderClient) -> None:
    assert rider_client.post(RESEND).status_code == 202
    assert not Notification.objects.exists()


def test_a_link_that_is_not_needed_any_more_is_not_sent() -> None:
    client = RiderClient(unconfirmed())
    client.post(RESEND)
    confirm(token_of(client.rider))

    deliver()

    assert (mail.outbox, reasons()) == ([], [("email_confirmation", "dropped", "already_confirmed")])


def test_asking_again_and_again_slows_down() -> None:
    client = RiderClient(unconfirmed())

    answers = [client.post(RESEND) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [202] * 6 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert Notification.objects.count() == 6


def test_confirming_has_the_rate_of_logging_in(settings: Settings) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"login": "2/hour"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}

    assert [confirm("x").status_code for _ in range(3)] == [400, 400, 429]


def test_an_unconfirmed_address_gets_links_and_nothing_else(anonymous: APIClient) -> None:
    client = RiderClient(unconfirmed())
    for kind in ("receipt", "overdue_rider"):
        make_notification(kind=kind, key=kind, recipient=client.rider, created_at=NOON)
    client.post(RESEND)
    anonymous.post("/api/v1/auth/password/reset/", {"email": client.rider.email})

    deliver()

    assert sorted(reasons()) == [
        ("email_confirmation", "sent", ""),
        ("overdue_rider", "dropped", "address_not_confirmed"),
        ("password_reset", "sent", ""),
        ("receipt", "dropped", "address_not_confirmed"),
    ]
    assert len(mail.outbox) == 2


def test_a_changed_e_mail_is_unconfirmed_a_changed_name_is_not() -> None:
    root, rider = make_user(is_staff=True, is_superuser=True), make_user()
    browser = Client()
    browser.force_login(root)
    page = f"/admin/users/user/{rider.pk}/change/"

    assert browser.post(page, {"email": rider.email.upper(), "name": "Anna", "language": "en"}).status_code == 302
    kept = User.objects.get(pk=rider.pk).email_confirmed_at
    assert browser.post(page, {"email": "new@example.org", "name": "Anna", "language": "en"}).status_code == 302

    assert (kept, User.objects.get(pk=rider.pk).email_confirmed_at) == (NOON, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("may_rent", "status"), [(True, 201), (False, 403)])
def test_a_setting_says_whether_an_unconfirmed_rider_may_rent(settings: Settings, may_rent: bool, status: int) -> None:
    settings.UNCONFIRMED_MAY_RENT = may_rent
    client, bike = RiderClient(unconfirmed()), make_bike()

    answer = client.post(RENTALS, {"bike": str(bike.pk)})

    bike.refresh_from_db()
    assert answer.status_code == status
    assert (bike.status == "available") == (status == 403)
    if status == 403:
        assert answer.json()["code"] == "email_not_confirmed"
        confirm(token_of(client.rider))
        assert client.post(RENTALS, {"bike": str(bike.pk)}).status_code == 201


@pytest.mark.parametrize(("setting", "receipts"), [(False, 1), (True, 2)])
def test_a_free_ride_has_a_receipt_where_the_setting_says(settings: Settings, setting: bool, receipts: int) -> None:
    from bikerental.rentals.services import rentals_settle

    settings.RECEIPT_FOR_FREE_RIDES = setting
    paid = make_returned_rental()
    free = make_returned_rental(unlock_fee="0.00", per_minute="0.00")

    assert rentals_settle(rental_ids=[paid.pk, free.pk], now=NOON + timedelta(hours=1)) == 2

    assert Notification.objects.filter(kind="receipt").count() == receipts
    assert Notification.objects.filter(subject_id=free.pk).exists() == setting


def test_closing_the_account_forgets_when_it_was_confirmed(rider_client: RiderClient) -> None:
    assert rider_client.get("/api/v1/me/export/").json()["profile"]["email_confirmed"] is True
    assert rider_client.delete(ME, {"password": PASSWORD}).status_code == 204

    assert User.objects.get().email_confirmed_at is None
