from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from bikerental.core.work import purging
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.notifications.services import notifications_purge
from bikerental.notifications.tasks import purge_notifications
from tests.factories import NOON, make_user
from tests.notifications.conftest import make_notification

pytestmark = pytest.mark.django_db
SENT = {"state": "sent", "sent_at": NOON}


def kept() -> list[str]:
    return sorted(Notification.objects.values_list("key", flat=True))


def test_finished_messages_are_deleted_after_the_retention(settings: Settings) -> None:
    settings.NOTIFICATION_RETENTION_DAYS = 30
    old, young = NOON - timedelta(days=30, seconds=1), NOON - timedelta(days=30)
    for number, created_at in ((1, old), (2, young)):
        make_notification(number, created_at=created_at, **SENT)
    make_notification(3, created_at=old, state="failed", last_error="x")
    make_notification(4, created_at=old, state="dropped", last_error="x")
    make_notification(5, created_at=old)
    make_notification(6, created_at=old, state="sending", claimed_until=NOON)

    assert notifications_purge(now=NOON) == 3

    assert kept() == ["receipt:2", "receipt:5", "receipt:6"]


def test_messages_without_recipient_go_after_an_hour() -> None:
    dropped = {"kind": "password_reset", "recipient": None, "state": "dropped", "last_error": "no_account"}
    make_notification(1, created_at=NOON - timedelta(hours=1, seconds=1), **dropped)
    make_notification(2, created_at=NOON - timedelta(minutes=59), **dropped)

    assert notifications_purge(now=NOON) == 1

    assert kept() == ["receipt:2"]


def test_the_purge_takes_a_batch_to_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PURGE_BATCH", 2)
    for number in range(3):
        make_notification(number, created_at=NOON - timedelta(days=400), **SENT)

    with CaptureQueriesContext(connection) as queries:
        assert notifications_purge(now=NOON) == 3

    assert len([query for query in queries if "DELETE" in query["sql"]]) == 2


def test_the_task_ignores_what_a_newer_sender_adds() -> None:
    make_notification(1, created_at=timezone.now() - timedelta(days=366), **SENT)
    make_notification(2, created_at=timezone.now() - timedelta(days=364), **SENT)

    purge_notifications(asked_by="a newer beat")

    assert kept() == ["receipt:2"]


def test_an_address_that_is_nobodys_any_more_is_forgotten(settings: Settings) -> None:
    settings.OPERATOR_EMAILS = ["Operators@bikes.example"]
    make_user(email="rider@example.org")
    for email in ("rider@example.org", "operators@bikes.example", "former@example.org"):
        RefusedAddress.objects.create(email=email, reason="bounced")

    purge_notifications()

    kept_addresses = sorted(RefusedAddress.objects.values_list("email", flat=True))
    assert kept_addresses == ["operators@bikes.example", "rider@example.org"]
