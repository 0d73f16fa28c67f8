"""One bad row does not block the others, in every task that handles many rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.core import mail
from django.db import IntegrityError, OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bikerental.core.models import FailedRow
from bikerental.core.work import batches
from bikerental.core.work.batches import RETRY_MAX, run_batch, run_in_batches, run_row
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.http.models import IdempotencyKey
from bikerental.maintenance.constants import GRAVE_RIDERS
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.notifications.models import Notification
from bikerental.notifications.services import failed_rows_report
from bikerental.rentals.models import Rental, Reservation
from config.celery_app import app
from tests.factories import NOON, make_bike, make_rental, make_returned_rental, make_user
from tests.notifications.conftest import make_notification
from tests.support.interleaving import interleave

pytestmark = pytest.mark.django_db(transaction=True)
numbers = count()
YEARS = timedelta(days=2000)


class Work(NamedTuple):
    task: str
    make: Callable[[], Any]  # a row that the task has to handle
    is_done: Callable[[Any], bool]


def settled_ride() -> Rental:
    settled_at = timezone.now() - YEARS
    money = {"status": "settled", "settled_at": settled_at, "cost_amount": 0, "cost_lines": []}
    return make_returned_rental(started_at=settled_at - timedelta(hours=1), **money)


def used_key() -> IdempotencyKey:
    fields = {"rider_id": make_user().pk, "route": "r", "key": "k", "fingerprint": "f", "status": 201, "body": b"{}"}
    return IdempotencyKey.objects.create(**fields, created_at=timezone.now() - YEARS)


def confirmed_photo() -> PhotoUpload:
    past = timezone.now() - timedelta(minutes=1)
    fields = {"bike": make_bike(), "uploader": make_user(), "expires_at": past, "confirmed_at": past}
    return PhotoUpload.objects.create(**fields, key=f"uploads/{make_user().pk}", state="confirmed")


def hold_run_out() -> Reservation:
    past = timezone.now() - timedelta(minutes=1)
    fields = {"rider": make_user(), "bike": make_bike(status="reserved"), "created_at": past - timedelta(minutes=10)}
    return Reservation.objects.create(**fields, expires_at=past)


def old_event() -> BikeEvent:
    bike = make_bike()
    fields = {"bike": bike, "event_types": ["maintenance"], "actor": "system", "latitude": 59.9, "longitude": 30.3}
    old = BikeEvent.objects.create(**fields, state="maintenance", happened_at=timezone.now() - YEARS)
    BikeEvent.objects.create(**fields, state="available", happened_at=timezone.now())
    return old


def message() -> Notification:
    return make_notification(next(numbers))


def old_browser() -> BrowserSession:
    return BrowserSession.objects.create(session_key=make_user().pk.hex, expire_date=timezone.now() - YEARS)


def now_is(field: str, value: Any) -> Callable[[Any], bool]:
    return lambda row: type(row).objects.filter(pk=row.pk, **{field: value}).exists()


def is_gone(row: Any) -> bool:
    return not type(row).objects.filter(pk=row.pk).exists()


def reported_bike() -> Bike:
    bike = make_bike()
    for _ in range(GRAVE_RIDERS):
        BikeReport.objects.create(bike=bike, rider=make_user(), kind="brakes", counts=True)
    return bike


WORKS = [
    Work("rentals.tasks.sweep_returned_rentals", make_returned_rental, now_is("status", "settled")),
    Work("rentals.tasks.check_overdue_rentals", make_rental, now_is("overdue_at__isnull", False)),
    Work("rentals.tasks.forget_rentals", settled_ride, now_is("rider", None)),
    Work("rentals.tasks.expire_reservations", hold_run_out, now_is("status", "expired")),
    Work("fleet.tasks.keep_bike_log", old_event, is_gone),
    Work("maintenance.tasks.take_out_reported_bikes", reported_bike, now_is("status", "maintenance")),
    Work("notifications.tasks.sweep_notifications", message, now_is("state", "sent")),
    Work("maintenance.tasks.sweep_photos", confirmed_photo, now_is("state", "refused")),  # nothing was uploaded
    Work("http.tasks.purge_idempotency_keys", used_key, is_gone),
    Work("users.tasks.purge_sessions", old_browser, is_gone),
]


@contextmanager
def poisoned(row: Any) -> Iterator[None]:
    """PostgreSQL refuses to change the row, as it would refuse a number too large for its column."""
    meta = row._meta
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION "
            "'%, and rider@example.org', OLD USING ERRCODE = '22003'; END$$"
        )
        cursor.execute(
            f'CREATE TRIGGER poison BEFORE UPDATE OR DELETE ON "{meta.db_table}" FOR EACH ROW '
            f"WHEN (OLD.{meta.pk.column}::text = '{row.pk}') EXECUTE FUNCTION poison()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION poison() CASCADE")


def run(task: str) -> None:
    app.autodiscover_tasks(force=True)
    app.tasks[f"bikerental.{task}"].apply().get()


def make_due(failed: FailedRow) -> None:
    FailedRow.objects.filter(pk=failed.pk).update(retry_at=timezone.now())


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.task)
def test_the_others_go_on(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    bad, *good = [work.make() for _ in range(3)]

    with poisoned(bad):
        run(work.task)
        run(work.task)

    assert [work.is_done(row) for row in (bad, *good)] == [False, True, True]
    failed = FailedRow.objects.get()
    assert (failed.row_id, failed.error, failed.failures) == (str(bad.pk), "22003", 1)
    assert len([record for record in caplog.records if str(bad.pk) in record.getMessage()]) == 1
    assert "rider@example.org" not in caplog.text


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.task)
def test_a_repaired_row_succeeds_when_it_is_due_again(work: Work) -> None:
    bad = work.make()
    with poisoned(bad):
        run(work.task)
    run(work.task)
    assert not work.is_done(bad)

    make_due(FailedRow.objects.get())
    # A claim whose owner did not end it.
    Notification.objects.filter(state="sending").update(claimed_until=timezone.now())
    PhotoUpload.objects.filter(state="confirmed").update(next_attempt_at=timezone.now())
    run(work.task)

    assert work.is_done(bad)
    assert not FailedRow.objects.exists()


def test_a_row_that_never_failed_costs_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert run_row("divide", 1, len, failed_before=False) == 1


def test_every_task_on_many_rows_is_tried_here() -> None:
    tried = {f"bikerental.{work.task}" for work in WORKS} | {
        "bikerental.rentals.tasks.settle_rentals",  # the fast path for work of a sweep
        "bikerental.notifications.tasks.deliver_notifications",
        "bikerental.maintenance.tasks.publish_photos",
        "bikerental.notifications.tasks.purge_notifications",  # with `rows_purge`, as for keys and sessions
        "bikerental.rentals.tasks.charge_settled_rentals",  # only adds rows, which no trigger here refuses
        "bikerental.claims.tasks.forget_claims",  # as for keys and sessions
        # These write no rows, or one.
        "bikerental.rentals.tasks.reconcile_rentals",
        "bikerental.maintenance.tasks.sweep_orphaned_photos",
        "bikerental.observe.tasks.beat_heartbeat",
        "bikerental.figures.tasks.keep_figures",  # counts rows again, and changes none of riders
        "bikerental.feeds.tasks.build_feed",  # all or nothing: a feed without a row would be wrong
    }
    app.autodiscover_tasks(force=True)

    assert {name for name in app.tasks if name.startswith("bikerental.")} == tried


def fail_again(attempts: int) -> FailedRow:
    def refuse(ids: Any) -> int:
        raise ArithmeticError

    for _ in range(attempts):
        run_batch("divide", [1], refuse)
    return FailedRow.objects.get()


def test_attempts_come_ever_later_and_at_least_once_a_day() -> None:
    delays = []
    for attempts in (1, 1, 3, 20):
        failed = fail_again(attempts)
        delays.append(failed.retry_at - failed.failed_at)

    assert delays == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=16), RETRY_MAX]
    assert failed.failures == 25


def test_an_error_is_told_without_the_data() -> None:
    def parse(ids: Any) -> int:
        return int("rider@example.org")

    run_batch("parse", [1], parse)

    assert FailedRow.objects.get().error == "ValueError in parse"


@pytest.mark.parametrize(
    "error", [OperationalError("canceling statement due to statement timeout"), RuntimeError("a bug")]
)
def test_an_error_that_no_row_caused_ends_the_batch(error: Exception) -> None:
    def fail(ids: Any) -> int:
        raise error

    with pytest.raises(type(error)):
        run_batch("fail", [1, 2], fail)

    assert not FailedRow.objects.exists()


def test_a_batch_of_bad_rows_does_not_hide_the_good_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = make_returned_rental(), make_returned_rental()

    def refuse_the_first(ids: Any) -> int:
        if bad.pk in ids:
            raise ArithmeticError
        return Rental.objects.filter(pk__in=ids).update(tariff_name="taken")

    rows = Rental.objects.exclude(tariff_name="taken").order_by("pk")
    for _ in range(2):
        run_in_batches("take", rows, refuse_the_first, size=1)

    assert list(rows) == [bad]
    good.refresh_from_db()
    assert good.tariff_name == "taken"


def test_a_message_that_cannot_be_rendered_stops_no_other() -> None:
    wordless = make_notification(1, context={"started_at": "yesterday"}, next_attempt_at=timezone.now() - YEARS)
    make_notification(2)

    run("notifications.tasks.sweep_notifications")

    assert len(mail.outbox) == 1
    assert [(row.row_id, row.error) for row in FailedRow.objects.all()] == [
        (str(wordless.pk), "ValueError in _city_time")
    ]


def test_operators_are_told_once_of_all_that_is_new() -> None:
    for row_id in ("1", "2"):
        batches._failure_record("settle rentals", row_id, "22003", now=timezone.now())

    assert [failed_rows_report(now=timezone.now()) for _ in range(2)] == [2, 0]
    run("notifications.tasks.sweep_notifications")

    (sent,) = mail.outbox
    assert sent.to == ["operators@bikerental.example"]
    assert sent.subject == "2 rows need an operator"
    assert "settle rentals: 1: 22003\nsettle rentals: 2: 22003\n" in sent.body


def test_one_of_two_sweeps_at_once_informs_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    batches._failure_record("settle rentals", "1", "22003", now=timezone.now())

    def tell() -> int:
        return failed_rows_report(now=timezone.now())

    told = interleave(
        monkeypatch, "bikerental.notifications.services.failing.notification_create", first=tell, second=tell
    )

    assert told == (1, 0, True)


def test_a_failed_message_about_failed_rows_is_not_told() -> None:
    batches._failure_record("settle rentals", "1", "22003", now=timezone.now())
    failed_rows_report(now=timezone.now())
    message = Notification.objects.get()
    batches._failure_record("deliver notifications", str(message.pk), "22003", now=timezone.now())

    failed_rows_report(now=timezone.now())

    assert list(Notification.objects.all()) == [message]


def test_an_operator_lets_a_row_be_tried_again(admin_client: Client) -> None:
    failed = fail_again(2)
    url = reverse("admin:core_failedrow_changelist")

    assert "ArithmeticError in refuse" in admin_client.get(url).content.decode()
    admin_client.post(url, {"action": "try_again", "_selected_action": [str(failed.pk)]})

    failed.refresh_from_db()
    assert failed.retry_at <= timezone.now()


@pytest.mark.django_db
def test_a_row_fails_once_for_a_task() -> None:
    fields = {"task": "settle", "row_id": "1", "failed_at": NOON, "retry_at": NOON}
    FailedRow.objects.create(**fields)

    with pytest.raises(IntegrityError, match="failed_row_once"):
        FailedRow.objects.create(**fields)
