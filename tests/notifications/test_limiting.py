"""An address gets a limited number of messages in an hour, whoever has it, had it, or asks for them."""

from datetime import timedelta

import pytest
from django.core import mail
from pytest_django import Settings
from rest_framework.test import APIClient

from bikerental.notifications.constants import ATTEMPTS_MAX
from bikerental.notifications.exceptions import MailDeferredError
from bikerental.notifications.models import Notification, RefusedAddress, SentMail
from bikerental.notifications.services import addresses_purge, notification_deliver, notifications_deliver
from bikerental.notifications.services.limiting import sent_mails_count
from bikerental.notifications.tasks import purge_notifications
from tests.clients import RiderClient, operator_client
from tests.factories import NOON, PASSWORD, make_user
from tests.notifications.conftest import FakeMailer, make_notification
from tests.support.threads import at_once
from tests.users.calls import ME, REGISTER, TOKEN, registration

pytestmark = pytest.mark.django_db
RESET = "/api/v1/auth/password/reset/"
HOME = "198.51.100.7"
EMAIL = "stranger@xn--b1agjid.example"
SPELLINGS = (EMAIL, "Stranger@велик.example", EMAIL.upper(), "stranger@ВЕЛИК.example")


def deliver() -> None:
    due = Notification.objects.filter(state="pending", last_error="")
    notifications_deliver(due.order_by("created_at").values_list("pk", flat=True))


def register(email: str) -> APIClient:
    """A client of a new account whose e-mail is not confirmed."""
    client = APIClient()
    assert client.post(REGISTER, registration(email=email)).status_code == 201
    access = client.post(TOKEN, {"email": email, "password": PASSWORD}).json()["access"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    deliver()
    return client


def erase(client: APIClient) -> None:
    assert client.delete(ME, {"password": PASSWORD}).status_code == 204


def reset(email: str, address: str) -> int:
    return APIClient().post(RESET, {"email": email}, REMOTE_ADDR=address).status_code


def ends() -> list[tuple[str, str]]:
    return list(Notification.objects.order_by("created_at").values_list("state", "last_error"))


def test_registering_again_gets_an_address_no_further_mail(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 2

    for email in SPELLINGS:
        erase(register(email))

    assert ends() == [("sent", "")] * 2 + [("dropped", "too_many_messages")] * 2
    assert len(mail.outbox) == 2


def test_a_counted_mail_names_neither_address_nor_account() -> None:
    erase(register(EMAIL))

    [row] = SentMail.objects.values()

    assert set(row) == {"id", "created_at", "address_key"}
    assert (len(row["address_key"]), "stranger" in repr(row)) == (64, False)


def test_beyond_the_bound_a_message_waits_for_an_hour(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 3
    rider, mailer = make_user(), FakeMailer()
    rows = [make_notification(number, recipient=rider) for number in range(4)]
    elsewhere = make_notification(6)

    states = [notification_deliver(row.pk, now=NOON, mailer=mailer) for row in (*rows, elsewhere)]

    rows[3].refresh_from_db()
    assert states == ["sent", "sent", "sent", "pending", "sent"]
    assert (rows[3].last_error, rows[3].next_attempt_at) == ("too_many_messages", NOON + timedelta(hours=1))
    assert len(mailer.mails) == 4
    assert notification_deliver(rows[3].pk, now=NOON + timedelta(hours=1), mailer=mailer) == "sent"


def test_a_message_that_was_put_off_each_time_is_dropped(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 1
    rider = make_user()
    notification_deliver(make_notification(1, recipient=rider).pk, now=NOON, mailer=FakeMailer())
    row = make_notification(2, recipient=rider, attempts=ATTEMPTS_MAX - 1)

    assert notification_deliver(row.pk, now=NOON, mailer=FakeMailer()) == "dropped"

    row.refresh_from_db()
    assert row.last_error == "too_many_messages"


def test_a_message_that_is_being_sent_counts(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 1
    rider = make_user()
    first, second = (make_notification(number, recipient=rider) for number in range(2))
    beside: list[str | None] = []
    mailer = FakeMailer(during=lambda: beside.append(notification_deliver(second.pk, now=NOON, mailer=FakeMailer())))

    assert notification_deliver(first.pk, now=NOON, mailer=mailer) == "sent"
    assert beside == ["pending"]


def test_messages_of_one_group_count_for_each_other(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 2
    rider, another = make_user(), make_user()
    rows = [make_notification(number, recipient=another if number == 1 else rider) for number in range(5)]

    assert notifications_deliver([row.pk for row in rows]) == 3

    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows] == ["sent", "sent", "sent", "pending", "pending"]
    assert [row.attempts for row in rows] == [1] * 5
    assert SentMail.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_do_not_exceed_the_bound(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 2
    row = make_notification()

    counted = at_once(lambda _: len(sent_mails_count([row], now=NOON)), times=8)

    assert sum(counted) <= 2
    assert SentMail.objects.count() == sum(counted)


def test_a_mail_that_was_not_sent_does_not_count(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = 1
    row = make_notification()
    assert notification_deliver(row.pk, now=NOON, mailer=FakeMailer(MailDeferredError("later"))) == "pending"

    assert notification_deliver(row.pk, now=NOON + timedelta(minutes=1), mailer=FakeMailer()) == "sent"


def test_other_mail_uses_up_no_link_and_a_link_no_other_mail(settings: Settings) -> None:
    settings.MESSAGES_PER_ADDRESS_HOUR = settings.RESETS_PER_ADDRESS_HOUR = 1
    rider, mailer = make_user(email_confirmed_at=None), FakeMailer()
    kinds = ["email_confirmation", "email_confirmation", "password_reset", "password_reset", "receipt", "receipt"]
    rows = [
        make_notification(number, kind=kind, recipient=rider, context={}, created_at=NOON)
        for number, kind in enumerate(kinds[:4])
    ]
    states = [notification_deliver(row.pk, now=NOON, mailer=mailer) for row in rows]
    rider.email_confirmed_at = NOON
    rider.save()
    rows = [make_notification(number + 4, kind=kind, recipient=rider) for number, kind in enumerate(kinds[4:])]
    states += [notification_deliver(row.pk, now=NOON, mailer=mailer) for row in rows]

    assert states == ["sent", "dropped", "sent", "dropped", "sent", "pending"]


def test_strangers_who_ask_for_resets_use_up_none_of_the_riders(settings: Settings) -> None:
    settings.RESETS_PER_ADDRESS_HOUR = 2
    rider = make_user()
    login = {"email": rider.email, "password": PASSWORD}
    assert APIClient().post(TOKEN, login, REMOTE_ADDR=HOME).status_code == 200
    strangers = [reset(rider.email, f"203.0.113.{number}") for number in range(25)]
    deliver()
    assert (strangers.count(202), strangers[-1], len(mail.outbox)) == (21, 429, 2)

    asked = [reset(rider.email, HOME) for _ in range(3)]
    deliver()

    assert asked == [202] * 3
    assert len(mail.outbox) == 4
    assert ends()[-3:] == [("sent", ""), ("sent", ""), ("dropped", "too_many_messages")]


def test_registering_a_strangers_address_gains_no_trust(settings: Settings) -> None:
    settings.RESETS_PER_ADDRESS_HOUR = 1
    register(EMAIL)

    assert [reset(EMAIL, address) for address in ("127.0.0.1", "203.0.113.1")] == [202, 202]
    deliver()

    assert ends()[1:] == [("sent", ""), ("dropped", "too_many_messages")]


def test_mails_that_no_longer_count_are_deleted() -> None:
    rider = make_user()
    notification_deliver(make_notification(1, recipient=rider).pk, now=NOON, mailer=FakeMailer())
    assert SentMail.objects.count() == 1

    purge_notifications()

    assert not SentMail.objects.exists()


def test_an_erased_unconfirmed_account_leaves_a_hashed_refusal(settings: Settings) -> None:
    client = register(EMAIL)
    RefusedAddress.objects.create(email=EMAIL, reason="complained", detail="abuse", created_at=NOON)
    erase(client)
    assert addresses_purge(now=NOON) == 0
    assert "stranger" not in repr([*RefusedAddress.objects.values(), *Notification.objects.values()])

    client = register(SPELLINGS[1])

    assert ends() == [("sent", ""), ("dropped", "address_refuses_mail")]
    assert client.get("/api/v1/me/export/").json()["refused_address"]["email"] == EMAIL
    RefusedAddress.objects.create(email=EMAIL, reason="bounced")
    erase(client)
    assert list(RefusedAddress.objects.values_list("reason", "created_at")) == [("complained", NOON)]
    later = NOON + timedelta(days=settings.NOTIFICATION_RETENTION_DAYS, seconds=1)
    assert addresses_purge(now=later) == 1


def test_a_confirmed_rider_takes_an_earlier_refusal_along() -> None:
    client = register(EMAIL)
    RefusedAddress.objects.create(email=EMAIL, reason="complained")
    erase(client)
    rider = RiderClient(make_user(email=EMAIL))

    assert rider.delete(ME, {"password": PASSWORD}).status_code == 204

    assert not RefusedAddress.objects.exists()


@pytest.mark.parametrize("confirmed_at", [None, NOON])
def test_an_account_with_an_operators_address_keeps_refusals(settings: Settings, confirmed_at: object) -> None:
    settings.OPERATOR_EMAILS = [SPELLINGS[1]]
    rider = RiderClient(make_user(email=EMAIL, email_confirmed_at=confirmed_at))
    RefusedAddress.objects.create(email=EMAIL, reason="bounced")

    assert rider.delete(ME, {"password": PASSWORD}).status_code == 204

    assert RefusedAddress.objects.get().email == EMAIL


def test_operators_find_a_hidden_address_by_the_address() -> None:
    client = register(EMAIL)
    RefusedAddress.objects.create(email=EMAIL, reason="complained")
    erase(client)
    browser = operator_client()

    found = [
        browser.get("/admin/notifications/refusedaddress/", {"q": email}).context["cl"].result_list.count()
        for email in (SPELLINGS[1], "another@example.org")
    ]

    assert found == [1, 0]
