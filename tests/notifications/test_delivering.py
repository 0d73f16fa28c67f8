from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from itertools import product
from typing import Any

import psycopg2
import pytest
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from bikerental.core.models import FailedRow
from bikerental.notifications import tasks
from bikerental.notifications.constants import ATTEMPTS_MAX, GROUP_MAX, LEASE
from bikerental.notifications.exceptions import MailDeferredError, MailRefusedError, MailUnreachableError
from bikerental.notifications.gateways.mail import mailer_open
from bikerental.notifications.models import Notification, SentMail
from bikerental.notifications.services import (
    claiming,
    delivering,
    notification_deliver,
    notifications_deliver,
    notifications_deliver_left_over,
)
from bikerental.users.models import User
from bikerental.users.services import user_erase
from tests.factories import NOON
from tests.live import database_url
from tests.notifications.conftest import OVERDUE, RECEIPT, FakeMailer, address_of, make_notification
from tests.support.threads import at_once, elsewhere

LATER = NOON + timedelta(hours=2)
DEFERRED = MailDeferredError("SMTPDataError 451")
AWAY = MailUnreachableError("ConnectionRefusedError")


def state_of(notification: Notification) -> tuple[str, int]:
    notification.refresh_from_db()
    return notification.state, notification.attempts


def attempts_made() -> list[tuple[str, int]]:
    return list(Notification.objects.order_by("pk").values_list("state", "attempts"))


@contextmanager
def row_locked(notification: Notification) -> Iterator[None]:
    with closing(psycopg2.connect(database_url())) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM notifications_notification WHERE id = %s FOR UPDATE", [str(notification.pk)])
        yield


@pytest.mark.django_db
def test_a_due_message_is_sent_once() -> None:
    notification = make_notification()

    assert notification_deliver(notification.pk, now=NOON, mailer=mailer_open()) == "sent"
    assert notification_deliver(notification.pk, now=LATER, mailer=mailer_open()) is None

    (sent,) = mail.outbox
    assert sent.to == [address_of(notification)]
    assert sent.subject == "Your ride: 130.00 RUB"
    assert [kind for _, kind in sent.alternatives] == ["text/html"]
    assert state_of(notification) == ("sent", 1)
    assert (notification.sent_at, notification.claimed_until) == (NOON, None)


@pytest.mark.django_db
def test_the_address_is_the_one_at_the_moment_of_sending() -> None:
    notification = make_notification()
    User.objects.filter(pk=notification.recipient_id).update(email="new@example.org")

    notification_deliver(notification.pk, now=NOON, mailer=mailer_open())

    assert mail.outbox[0].to == ["new@example.org"]


@pytest.mark.django_db
def test_operators_are_told_at_their_address(settings: Settings) -> None:
    settings.OPERATOR_EMAILS = ["one@example.org", "two@example.org"]
    notification = make_notification(kind="overdue_operators", context=OVERDUE)

    assert notification_deliver(notification.pk, now=NOON, mailer=mailer_open()) == "sent"

    assert mail.outbox[0].to == ["one@example.org", "two@example.org"]


@pytest.mark.django_db
def test_nobody_writes_to_an_erased_rider() -> None:
    notification = make_notification()
    user_erase(user=User.objects.get(), now=NOON)

    assert notification_deliver(notification.pk, now=NOON, mailer=mailer_open()) == "dropped"

    assert mail.outbox == []
    assert state_of(notification) == ("dropped", 1)
    assert notification.last_error == "recipient_gone"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"attempts": 1, "next_attempt_at": NOON + timedelta(seconds=1)},
        {"state": "sending", "attempts": 1, "claimed_until": NOON + timedelta(seconds=1)},
        {"state": "sending", "attempts": 12, "claimed_until": NOON},
        {"state": "sent", "attempts": 1, "sent_at": NOON},
        {"state": "failed", "attempts": 1, "last_error": "recipient_gone"},
    ],
)
def test_a_message_that_is_not_due_is_left_alone(fields: dict[str, Any]) -> None:
    notification = make_notification(**fields)
    before = state_of(notification)

    assert notification_deliver(notification.pk, now=NOON, mailer=mailer_open()) is None

    assert mail.outbox == []
    assert state_of(notification) == before


@pytest.mark.django_db
def test_a_claim_and_the_sweep_agree_about_what_is_due() -> None:
    around = [NOON + timedelta(seconds=seconds) for seconds in (-1, 0, 1)]
    counts = (0, 1, ATTEMPTS_MAX - 1, ATTEMPTS_MAX)
    for number, (attempts, moment) in enumerate(product(counts, around)):
        make_notification(3 * number, attempts=attempts, next_attempt_at=moment)
        make_notification(3 * number + 1, attempts=attempts, state="sending", claimed_until=moment)
        make_notification(3 * number + 2, attempts=attempts, state="sent", sent_at=NOON, next_attempt_at=moment)
    found = set(Notification.objects.filter(delivering._due(NOON)).values_list("pk", flat=True))

    claimed = {
        pk
        for pk in Notification.objects.values_list("pk", flat=True)
        if claiming.CLAIM.run(notification_id=pk, now=NOON, claimed_until=LATER)
    }

    assert len(found) == (3 + 2 + 2) + (2 + 2 + 2)  # pending, and sending by others
    assert claimed == found


@pytest.mark.django_db
def test_a_group_has_only_messages_that_nobody_tried() -> None:
    new = [make_notification(number, next_attempt_at=LATER) for number in range(2)]
    tried = [
        make_notification(2, attempts=1),
        make_notification(3, state="sending", attempts=1, claimed_until=NOON),
        make_notification(4, state="sent", attempts=1, sent_at=NOON),
        make_notification(5, state="dropped", last_error="no_account"),
    ]

    claimed = claiming.new_messages_claim([row.pk for row in (*tried, *reversed(new))], now=NOON)

    assert sorted(claimed) == [row.pk for row in new]
    assert [state_of(row) for row in new] == [("sending", 1)] * 2
    assert {row.claimed_until for row in new} == {NOON + LEASE}


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_one_message() -> None:
    notification = make_notification()
    mailer = FakeMailer()

    at_once(lambda _: notification_deliver(notification.pk, now=NOON, mailer=mailer), times=8)

    assert len(mailer.mails) == 1
    assert state_of(notification) == ("sent", 1)


@pytest.mark.django_db(transaction=True)
def test_the_claim_is_committed_before_the_mail_server_is_asked() -> None:
    notification = make_notification()
    seen: list[object] = []

    def look() -> object:
        return Notification.objects.values_list("state", "claimed_until").get(pk=notification.pk)

    def during() -> None:
        seen.extend([elsewhere(look), connection.in_atomic_block])

    notification_deliver(notification.pk, now=NOON, mailer=FakeMailer(during=during))

    assert seen == [("sending", NOON + timedelta(minutes=2)), False]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_inside_a_transaction() -> None:
    notification = make_notification()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        notification_deliver(notification.pk, now=NOON, mailer=mailer_open())

    assert mail.outbox == []
    assert state_of(notification) == ("pending", 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("attempts", "seconds"), [(0, 30), (1, 60), (2, 120), (6, 1920), (7, 3600), (10, 3600)])
def test_a_deferred_message_waits_longer_each_time(attempts: int, seconds: int) -> None:
    notification = make_notification(attempts=attempts)

    assert notification_deliver(notification.pk, now=NOON, mailer=FakeMailer(DEFERRED)) == "pending"

    assert state_of(notification) == ("pending", attempts + 1)
    assert notification.next_attempt_at == NOON + timedelta(seconds=seconds)
    assert (notification.last_error, notification.claimed_until) == ("SMTPDataError 451", None)


@pytest.mark.django_db
def test_the_twelfth_attempt_is_the_last() -> None:
    notification = make_notification(attempts=11)

    assert notification_deliver(notification.pk, now=NOON, mailer=FakeMailer(DEFERRED)) == "failed"

    assert state_of(notification) == ("failed", 12)
    assert notification.last_error == "SMTPDataError 451"


@pytest.mark.django_db
def test_a_refused_message_is_not_tried_again() -> None:
    notification = make_notification()
    refused = MailRefusedError("SMTPRecipientsRefused 550")

    assert notification_deliver(notification.pk, now=NOON, mailer=FakeMailer(refused)) == "failed"

    assert state_of(notification) == ("failed", 1)
    assert notification.last_error == "SMTPRecipientsRefused 550"


@pytest.mark.django_db
def test_a_sender_that_outlives_its_claim_changes_nothing() -> None:
    notification = make_notification()
    lease = LATER + timedelta(minutes=2)

    def claimed_by_another() -> None:
        Notification.objects.update(attempts=2, claimed_until=lease)

    assert notification_deliver(notification.pk, now=NOON, mailer=FakeMailer(during=claimed_by_another)) is None

    assert state_of(notification) == ("sending", 2)
    assert (notification.claimed_until, notification.sent_at) == (lease, None)


@pytest.mark.django_db
def test_a_batch_stops_when_the_mail_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = FakeMailer(AWAY)
    monkeypatch.setattr(delivering, "mailer_open", lambda: mailer)
    notifications = [make_notification(number) for number in range(3)]

    assert notifications_deliver([notification.pk for notification in notifications]) == 0

    assert [state_of(notification) for notification in notifications] == [
        ("pending", 1),
        ("pending", 0),
        ("pending", 0),
    ]
    assert {notification.claimed_until for notification in notifications} == {None}
    assert not SentMail.objects.exists()


@pytest.mark.django_db
def test_a_deferred_message_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = FakeMailer(DEFERRED)
    monkeypatch.setattr(delivering, "mailer_open", lambda: mailer)
    notifications = [make_notification(number) for number in range(3)]

    notifications_deliver([notification.pk for notification in notifications])

    assert [state_of(notification) for notification in notifications] == [("pending", 1)] * 3


@pytest.mark.django_db
def test_after_a_bug_the_rest_of_a_group_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "mailer_open", lambda: FakeMailer(RuntimeError("a bug")))
    notifications = [make_notification(number) for number in range(3)]

    with pytest.raises(RuntimeError, match="a bug"):
        notifications_deliver([notification.pk for notification in notifications])

    assert [state_of(notification) for notification in notifications] == [
        ("sending", 1),  # it may have been sent
        ("pending", 0),
        ("pending", 0),
    ]
    assert SentMail.objects.count() == 1


@pytest.mark.django_db
def test_a_group_that_takes_long_is_sent_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "GROUP_SECONDS", -1)
    notifications = [make_notification(number) for number in range(3)]
    last = User.objects.filter(pk=notifications[-1].recipient_id)
    mailer = FakeMailer(during=lambda: last.update(email="new@example.org"))
    monkeypatch.setattr(delivering, "mailer_open", lambda: mailer)

    assert notifications_deliver([notification.pk for notification in notifications]) == 3

    assert mailer.mails[-1].to == ("new@example.org",)
    assert [state_of(notification) for notification in notifications] == [("sent", 1)] * 3
    assert SentMail.objects.count() == 3


@pytest.mark.django_db
def test_a_message_that_was_tried_before_is_sent_beside_a_group() -> None:
    tried, *new = [make_notification(number, attempts=int(number == 0)) for number in range(3)]

    assert notifications_deliver([row.pk for row in (tried, *new)]) == 3

    assert [state_of(row) for row in (tried, *new)] == [("sent", 2), ("sent", 1), ("sent", 1)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ended_at", ['"never"', "1" + 5000 * "0"], ids=["not rendered", "not read"])
def test_a_message_that_fails_in_a_group_stops_no_other(ended_at: str) -> None:
    first, bad, last = (make_notification(number) for number in range(3))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_notification SET context = jsonb_set(context, '{ended_at}', %s::jsonb) WHERE id = %s",
            [ended_at, bad.pk],
        )

    assert notifications_deliver([first.pk, bad.pk, last.pk]) == 2

    assert attempts_made() == [("sent", 2), ("sending", 2), ("sent", 2)]
    assert FailedRow.objects.get().row_id == str(bad.pk)
    assert SentMail.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"kind": "of_the_next_release"}, {"context": RECEIPT | {"ended_at": None}}])
def test_a_message_with_a_bug_stops_the_sweep_once(fields: dict[str, Any]) -> None:
    bad, *others = [make_notification(number) for number in range(3)]
    Notification.objects.filter(pk=bad.pk).update(**fields)

    for _ in range(3):
        with suppress(KeyError, TypeError):
            notifications_deliver_left_over(now=timezone.now())

    assert state_of(bad) == ("sending", 2)
    assert [state_of(row) for row in others] == [("sent", 2)] * 2


@pytest.mark.django_db(transaction=True)
def test_a_row_that_waits_for_its_lease_keeps_its_failure() -> None:
    bad = [make_notification(number, context=RECEIPT | {"ended_at": "never"}) for number in range(3)]
    notifications_deliver([row.pk for row in bad[:2]])
    failed = FailedRow.objects.count()

    notifications_deliver([row.pk for row in reversed(bad)])

    assert (failed, FailedRow.objects.count()) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_a_group_that_failed_begins_nothing_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_notification(number) for number in range(3)]
    bad = make_notification(3, context=RECEIPT | {"ended_at": "never"})
    clock = [0.0]
    monkeypatch.setattr(delivering.time, "monotonic", lambda: clock[0])
    mailer = FakeMailer(during=lambda: clock.append(clock.pop() + 1.0))
    monkeypatch.setattr(delivering, "mailer_open", lambda: mailer)

    notifications_deliver([row.pk for row in (*rows, bad)], seconds=1.5)

    assert len(mailer.mails) == 2
    assert attempts_made() == [("sent", 2), ("sent", 2), ("pending", 1), ("pending", 1)]


@pytest.mark.django_db(transaction=True)
def test_a_message_is_given_back_after_its_count(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RESETS_PER_ADDRESS_HOUR = 1
    reset = {"kind": "password_reset", "context": {}, "created_at": timezone.now()}
    first, second = (make_notification(number, **reset) for number in range(2))
    mailers = [FakeMailer(AWAY)]
    monkeypatch.setattr(delivering, "mailer_open", lambda: mailers[-1])
    give_back = delivering.new_messages_give_back

    def then_another_worker(*args: Any, **kwargs: Any) -> None:
        give_back(*args, **kwargs)
        mailers.append(FakeMailer())
        elsewhere(lambda: notifications_deliver([second.pk]))

    monkeypatch.setattr(delivering, "new_messages_give_back", then_another_worker)

    notifications_deliver([first.pk, second.pk])

    assert state_of(second) == ("sent", 1)


@pytest.mark.django_db(transaction=True)
def test_a_group_is_given_back_without_waiting_for_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_notification(number) for number in range(3)]
    with ExitStack() as locked:
        mailer = FakeMailer(AWAY, during=lambda: locked.enter_context(row_locked(rows[1])))
        monkeypatch.setattr(delivering, "mailer_open", lambda: mailer)

        assert notifications_deliver([row.pk for row in rows]) == 0

        assert attempts_made() == [("pending", 1), ("sending", 1), ("pending", 0)]
        assert not SentMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_with_the_same_group_send_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = FakeMailer()
    monkeypatch.setattr(delivering, "mailer_open", lambda: mailer)
    ids = [make_notification(number).pk for number in range(12)]

    sent = at_once(lambda number: notifications_deliver(ids if number % 2 else ids[::-1]), times=6)

    assert sum(sent) == 12
    assert sorted(each.id for each in mailer.mails) == sorted(ids)
    assert set(Notification.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db(transaction=True)
def test_a_further_message_of_a_group_costs_one_statement() -> None:
    def statements(first: int, count: int) -> int:
        ids = [make_notification(first + number).pk for number in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert notifications_deliver(ids) == count
        return len(captured)

    statements(0, 2)  # prepares them
    few, many = statements(10, 2), statements(20, GROUP_MAX)

    assert many - few == GROUP_MAX - 2
    # Claim, read, refusals, count, others' count; with BEGIN and COMMIT of two.
    assert few == 2 + 9


@pytest.mark.django_db
def test_a_batch_begins_nothing_when_its_time_is_over() -> None:
    notification = make_notification()

    assert notifications_deliver([notification.pk], seconds=-1) == 0

    assert state_of(notification) == ("pending", 0)


@pytest.mark.django_db
def test_the_sweep_sends_what_is_due_or_was_left() -> None:
    lost = make_notification(1)
    abandoned = make_notification(2, state="sending", attempts=1, claimed_until=NOON)
    waiting = make_notification(3, attempts=1, next_attempt_at=timezone.now() + timedelta(minutes=1))
    held = make_notification(4, state="sending", attempts=1, claimed_until=timezone.now() + timedelta(minutes=1))

    assert notifications_deliver_left_over(now=timezone.now()) == 2

    assert [state_of(row) for row in (lost, abandoned)] == [("sent", 1), ("sent", 2)]
    assert [state_of(row) for row in (waiting, held)] == [("pending", 1), ("sending", 1)]
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_the_sweep_sends_links_before_older_receipts(monkeypatch: pytest.MonkeyPatch) -> None:
    receipts = [make_notification(number) for number in range(2)]
    link = make_notification(2, kind="password_reset", context={}, next_attempt_at=LATER)
    monkeypatch.setattr(delivering, "SWEEP_BATCH", 1)

    assert notifications_deliver_left_over(now=LATER) == 1

    assert [state_of(row)[0] for row in (*receipts, link)] == ["pending", "pending", "sent"]


@pytest.mark.django_db
def test_a_message_of_a_clock_ahead_is_sent() -> None:
    make_notification(next_attempt_at=NOON + timedelta(hours=1))

    assert notifications_deliver_left_over(now=NOON) == 1


@pytest.mark.django_db
def test_the_sweep_gives_up_what_kills_every_sender() -> None:
    notification = make_notification(state="sending", attempts=12, claimed_until=NOON)

    assert notifications_deliver_left_over(now=LATER) == 0

    assert state_of(notification) == ("failed", 12)
    assert (notification.last_error, mail.outbox) == ("attempts_exhausted", [])


@pytest.mark.django_db
def test_the_sweep_takes_a_batch_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "SWEEP_BATCH", 1)
    newer = make_notification(1, next_attempt_at=NOON + timedelta(seconds=1))
    older = make_notification(2)

    notifications_deliver_left_over(now=LATER)

    assert (state_of(older), state_of(newer)) == (("sent", 1), ("pending", 0))


@pytest.mark.django_db
def test_the_tasks_ignore_what_a_newer_sender_adds() -> None:
    first, second = make_notification(1), make_notification(2)

    tasks.deliver_notifications(ids=[str(first.pk)], priority="high")
    tasks.sweep_notifications(priority="high")

    assert [state_of(first), state_of(second)] == [("sent", 1), ("sent", 1)]


@pytest.mark.django_db
def test_an_id_that_is_nowhere_is_no_work() -> None:
    tasks.deliver_notifications(ids=["0197a000-0000-7000-8000-00000000dead"])

    assert mail.outbox == []
