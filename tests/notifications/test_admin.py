from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.notifications.services import notification_deliver
from bikerental.notifications.services.rendering import content_render
from bikerental.users.models import User
from tests.factories import NOON, make_user
from tests.notifications.conftest import FakeMailer, address_of, make_notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    """An operator who may only view notifications."""
    user = make_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_notification"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def chief() -> Client:
    user = make_user(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return client


LIST = "admin:notifications_notification_changelist"


def send_again(client: Client, notification: Notification) -> None:
    client.post(reverse(LIST), {"action": "send_again", "_selected_action": [str(notification.pk)]})
    notification.refresh_from_db()


def test_a_failed_message_is_sent_again(chief: Client) -> None:
    failed = make_notification(state="failed", attempts=1, last_error="recipient_gone")

    send_again(chief, failed)

    assert (failed.state, failed.attempts) == ("pending", 0)


def test_view_rights_alone_send_nothing(operator: Client) -> None:
    failed = make_notification(state="failed", attempts=1, last_error="recipient_gone")

    send_again(operator, failed)

    assert (failed.state, failed.attempts) == ("failed", 1)


def test_the_pages_show_a_message_without_its_recipients_person(operator: Client) -> None:
    notification = make_notification(state="failed", attempts=1, last_error="recipient_gone")
    change = reverse("admin:notifications_notification_change", args=[notification.pk])

    for page in (operator.get(reverse(LIST)), operator.get(change)):
        text = page.content.decode()
        assert page.status_code == 200
        assert "recipient_gone" in text
        assert address_of(notification) not in text


def test_nobody_adds_changes_or_deletes(chief: Client) -> None:
    notification = make_notification()
    change = reverse("admin:notifications_notification_change", args=[notification.pk])

    assert chief.get(reverse("admin:notifications_notification_add")).status_code == 403
    assert chief.post(change, {"state": "failed"}).status_code == 403
    assert chief.post(reverse("admin:notifications_notification_delete", args=[notification.pk])).status_code == 403


ADDRESSES = "admin:notifications_refusedaddress_changelist"


def write_again(client: Client, row: RefusedAddress) -> None:
    client.post(reverse(ADDRESSES), {"action": "write_again", "_selected_action": [str(row.pk)]})


def test_an_operator_sees_which_addresses_refuse_mail_and_why(chief: Client) -> None:
    row = RefusedAddress.objects.create(email="gone@example.org", reason="bounced", detail="NoEmail")
    page = reverse("admin:notifications_refusedaddress_change", args=[row.pk])

    for url in (reverse(ADDRESSES), f"{reverse(ADDRESSES)}?q=gone", page):
        text = chief.get(url).content.decode()
        assert "gone@example.org" in text
        assert "NoEmail" in text
    assert "gone@example.org" not in chief.get(f"{reverse(ADDRESSES)}?q=other").content.decode()


def test_an_operator_lets_an_address_be_written_to_again(chief: Client) -> None:
    owed = make_notification(state="dropped", attempts=1, last_error="address_refuses_mail")
    row = RefusedAddress.objects.create(email=address_of(owed), reason="bounced")

    write_again(chief, row)
    send_again(chief, owed)

    assert notification_deliver(owed.pk, now=timezone.now(), mailer=FakeMailer()) == "sent"


def test_view_rights_alone_free_no_address(operator: Client) -> None:
    operator_user = User.objects.get(is_staff=True)
    operator_user.user_permissions.add(Permission.objects.get(codename="view_refusedaddress"))
    row = RefusedAddress.objects.create(email="gone@example.org", reason="bounced")

    write_again(operator, row)

    assert RefusedAddress.objects.filter(pk=row.pk).exists()


def test_messages_are_found_by_their_recipients_email(operator: Client) -> None:
    found, other = make_notification(1), make_notification(2)

    page = operator.get(reverse(LIST), {"q": address_of(found)}).content.decode()

    assert str(found.recipient_id) in page
    assert str(other.recipient_id) not in page


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"state": "sent", "sent_at": NOON}, "pending"),
        ({"state": "dropped", "last_error": "address_refuses_mail"}, "pending"),
        ({"kind": "overdue_rider", "state": "sent", "sent_at": NOON}, "sent"),
        ({"kind": "password_reset", "state": "failed", "last_error": "SES MessageRejected"}, "failed"),
        ({"state": "sending", "claimed_until": NOON}, "sending"),
    ],
)
def test_a_receipt_is_sent_again_an_expired_message_is_not(chief: Client, fields: dict[str, Any], state: str) -> None:
    row = make_notification(attempts=1, **fields)

    send_again(chief, row)

    assert row.state == state


def test_a_message_is_shown_as_it_was_sent(chief: Client) -> None:
    lines = [{"code": "unlock", "amount": "50.00"}]
    context = {"bike_number": "B-1", "lines": lines, "amount": "50.00", "currency": "RUB"}
    times = {"started_at": NOON.isoformat(), "ended_at": NOON.isoformat()}
    sent = make_notification(
        state="sent", sent_at=NOON, attempts=1, kind="receipt", language="ru", context=context | times
    )
    mail = content_render(sent, now=NOON)

    page = chief.get(reverse("admin:notifications_notification_change", args=[sent.pk])).content.decode()

    assert mail.html
    for part in (mail.subject, mail.text, mail.html):
        assert escape(part) in page


def test_a_link_in_a_message_is_not_shown(chief: Client) -> None:
    reset = make_notification(kind="password_reset")

    page = chief.get(reverse("admin:notifications_notification_change", args=[reset.pk])).content.decode()

    assert "https://…" in page
    assert "#" not in page.partition('<pre class="message">')[2].partition("</pre>")[0]
