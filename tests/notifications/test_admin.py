import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from bikerental.notifications.models import Notification
from tests.factories import make_user
from tests.notifications.conftest import address_of, make_notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    """An operator who may view notifications, and no more."""
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


def retry(client: Client, notification: Notification) -> None:
    client.post(reverse(LIST), {"action": "retry", "_selected_action": [str(notification.pk)]})
    notification.refresh_from_db()


def test_a_failed_message_is_tried_anew(chief: Client) -> None:
    failed = make_notification(state="failed", attempts=1, last_error="recipient_gone")

    retry(chief, failed)

    assert (failed.state, failed.attempts) == ("pending", 0)


def test_one_who_may_only_look_cannot_retry(operator: Client) -> None:
    failed = make_notification(state="failed", attempts=1, last_error="recipient_gone")

    retry(operator, failed)

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
