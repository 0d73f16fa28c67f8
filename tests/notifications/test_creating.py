from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from bikerental.core.models import FailedRow
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.notifications.services import notification_create, notifications_create, notifications_send_again
from tests.factories import NOON, make_user
from tests.notifications.conftest import OVERDUE, RECEIPT, RENTAL_ID, draft, make_notification

TASK = "bikerental.notifications.tasks.deliver_notifications"


@pytest.mark.django_db
def test_a_key_is_owed_once() -> None:
    first = make_notification(context=RECEIPT)

    notifications_create([draft(context={}, recipient=first.recipient)])

    assert list(Notification.objects.values_list("pk", "context")) == [(first.pk, RECEIPT)]


@pytest.mark.django_db(transaction=True)
def test_sending_follows_the_commit(notes: list[tuple[str, str]]) -> None:
    with transaction.atomic():
        notification_create(
            kind="receipt", recipient_id=make_user().pk, subject_id=RENTAL_ID, key="receipt:1", context=RECEIPT
        )
        assert notes == []

    row = Notification.objects.get()
    assert notes == [(TASK, str(row.pk))]
    assert (row.state, row.attempts, row.subject_id) == ("pending", 0, RENTAL_ID)


@pytest.mark.django_db(transaction=True)
def test_a_message_falls_with_its_transaction(notes: list[tuple[str, str]]) -> None:
    recipient = make_user()

    with transaction.atomic():
        notifications_create([draft(recipient=recipient)])
        transaction.set_rollback(True)

    assert not Notification.objects.exists()
    assert notes == []


@pytest.mark.django_db
def test_a_message_is_in_its_recipients_language_by_default() -> None:
    russian, english = make_user(language="ru"), make_user(language="en")

    notifications_create(
        [
            draft(1, recipient=russian),
            draft(2, recipient=english),
            draft(3, recipient=russian, language="en"),
            draft(4, kind="overdue_operators", context=OVERDUE),
        ]
    )

    assert list(Notification.objects.order_by("key").values_list("language", flat=True)) == ["ru", "en", "en", "en"]


@pytest.mark.django_db
def test_a_batch_takes_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    drafts = [draft(number) for number in range(20)]

    with django_assert_num_queries(2):
        notifications_create(drafts)

    assert Notification.objects.count() == 20


@pytest.mark.django_db
def test_nothing_owed_is_nothing_done() -> None:
    notifications_create([])

    assert not Notification.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"recipient_id": None}, "notification_recipient_by_name"),
        ({"kind": "overdue_rider", "recipient_id": None}, "notification_recipient_by_name"),
        ({"state": "lost"}, "notification_claimed_while_sending"),
        ({"state": "sending"}, "notification_claimed_while_sending"),
        ({"claimed_until": NOON}, "notification_claimed_while_sending"),
        ({"state": "sent"}, "notification_sent_has_time"),
        ({"sent_at": NOON}, "notification_sent_has_time"),
        ({"state": "failed"}, "notification_failed_has_reason"),
        ({"feedback": "delighted"}, "notification_feedback_known"),
    ],
)
def test_the_database_forbids_what_must_not_be(fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_notification(**fields)


@pytest.mark.django_db
def test_a_kind_that_no_app_declares_is_refused() -> None:
    with pytest.raises(ValueError, match="telegram"), transaction.atomic():
        notifications_create([draft(kind="telegram")])

    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_the_database_forbids_operators_messages_to_one_rider() -> None:
    with pytest.raises(IntegrityError, match="notification_recipient_by_name"), transaction.atomic():
        make_notification(kind="overdue_operators", recipient=make_user())


@pytest.mark.django_db
def test_the_database_forbids_a_refusal_for_an_unknown_reason() -> None:
    with pytest.raises(IntegrityError, match="refused_address_reason"), transaction.atomic():
        RefusedAddress.objects.create(email="rider@example.org", reason="bored")


@pytest.mark.django_db
def test_a_message_that_is_tried_anew_is_no_failed_row(notes: list[tuple[str, str]]) -> None:
    again, other = make_notification(1, state="failed", last_error="attempts_exhausted"), make_notification(2)
    for message in (again, other):
        FailedRow.objects.create(task="deliver notifications", row_id=str(message.pk), failed_at=NOON, retry_at=NOON)

    notifications_send_again(notification_ids=[again.pk, other.pk], now=NOON)

    assert FailedRow.objects.get().row_id == str(other.pk)


@pytest.mark.django_db(transaction=True)
def test_a_failed_message_is_tried_anew(notes: list[tuple[str, str]]) -> None:
    failed = make_notification(1, state="failed", attempts=12, last_error="SMTPDataError 451")
    pending = make_notification(2, attempts=3, last_error="SMTPDataError 451")
    later = NOON + timedelta(days=1)

    assert notifications_send_again(notification_ids=[failed.pk, pending.pk], now=later) == 1

    failed.refresh_from_db()
    pending.refresh_from_db()
    assert (failed.state, failed.attempts, failed.last_error, failed.next_attempt_at) == ("pending", 0, "", later)
    assert (pending.attempts, pending.next_attempt_at) == (3, NOON)
    assert notes == [(TASK, str(failed.pk))]
