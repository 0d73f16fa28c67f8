from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from bikerental.core.work.schedule import Periodic, declared_schedule, schedule_sync
from config.celery_app import app

SCHEDULE = declared_schedule()
NAMES = sorted(entry.name for entry in SCHEDULE)


def ours() -> list[str]:
    return sorted(PeriodicTask.objects.filter(name__in=NAMES).values_list("name", flat=True))


@pytest.fixture
def empty(db: None) -> None:
    PeriodicTask.objects.all().delete()
    IntervalSchedule.objects.all().delete()
    PeriodicTasks.objects.all().delete()


@pytest.mark.parametrize("entry", SCHEDULE, ids=lambda entry: entry.name)
def test_each_entry_names_a_registered_task(entry: Periodic) -> None:
    app.autodiscover_tasks(force=True)

    assert entry.task in app.tasks


@pytest.mark.parametrize("entry", SCHEDULE, ids=lambda entry: entry.name)
def test_a_message_nobody_took_is_gone_when_the_next_comes(entry: Periodic) -> None:
    assert 0 < entry.expires <= entry.seconds


def test_names_of_periodic_tasks_are_unique() -> None:
    assert len(set(NAMES)) == len(SCHEDULE)


@pytest.mark.django_db
def test_migrate_leaves_the_schedule_in_place() -> None:
    assert ours() == NAMES


@pytest.mark.usefixtures("empty")
def test_declared_entries_are_written() -> None:
    assert sorted(schedule_sync(SCHEDULE)) == NAMES

    rows = PeriodicTask.objects.filter(name__in=NAMES).select_related("interval")
    written = {(row.name, row.task, row.interval.every, row.interval.period, row.expire_seconds) for row in rows}
    assert written == {(entry.name, entry.task, entry.seconds, "seconds", entry.expires) for entry in SCHEDULE}
    assert all(row.enabled for row in rows)


@pytest.mark.usefixtures("empty")
def test_a_second_run_writes_nothing() -> None:
    schedule_sync(SCHEDULE)
    rows = list(PeriodicTask.objects.order_by("pk").values())
    read_at = PeriodicTasks.last_change()

    assert schedule_sync(SCHEDULE) == []

    assert list(PeriodicTask.objects.order_by("pk").values()) == rows
    assert PeriodicTasks.last_change() == read_at


@pytest.mark.usefixtures("empty")
def test_beat_is_told_to_read_its_table_again() -> None:
    schedule_sync(SCHEDULE)
    PeriodicTask.objects.filter(name=NAMES[0]).update(task="elsewhere")
    PeriodicTasks.objects.all().delete()

    schedule_sync(SCHEDULE)

    assert PeriodicTasks.last_change() is not None


@pytest.mark.usefixtures("empty")
def test_entries_that_operators_disabled_stay_disabled() -> None:
    schedule_sync(SCHEDULE)
    PeriodicTask.objects.filter(name=NAMES[0]).update(enabled=False, task="elsewhere", description="too loud")

    assert schedule_sync(SCHEDULE) == [NAMES[0]]

    row = PeriodicTask.objects.get(name=NAMES[0])
    assert (row.enabled, row.description) == (False, "too loud")
    assert row.task == next(entry.task for entry in SCHEDULE if entry.name == NAMES[0])


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("change", ["interval", "crontab", "expires"])
def test_another_time_is_put_right(change: str) -> None:
    schedule_sync(SCHEDULE)
    changes: dict[str, Callable[[], dict[str, Any]]] = {
        "interval": lambda: {"interval": IntervalSchedule.objects.create(every=9, period="days")},
        "crontab": lambda: {"interval": None, "crontab": CrontabSchedule.objects.create()},
        "expires": lambda: {"expire_seconds": None},
    }
    PeriodicTask.objects.filter(name=NAMES[0]).update(**changes[change]())

    schedule_sync(SCHEDULE)

    row = PeriodicTask.objects.get(name=NAMES[0])
    entry = next(entry for entry in SCHEDULE if entry.name == NAMES[0])
    assert (row.interval.every, row.interval.period) == (entry.seconds, "seconds")
    assert (row.crontab, row.expire_seconds) == (None, entry.expires)


@pytest.mark.usefixtures("empty")
def test_entries_that_operators_added_stay() -> None:
    interval = IntervalSchedule.objects.create(every=5, period="minutes")
    theirs = PeriodicTask.objects.create(
        name="theirs", task="bikerental.observe.tasks.beat_heartbeat", interval=interval
    )
    before = PeriodicTask.objects.values().get(pk=theirs.pk)

    schedule_sync(SCHEDULE)

    assert PeriodicTask.objects.values().get(pk=theirs.pk) == before


@pytest.mark.usefixtures("empty")
def test_two_equal_intervals_do_not_confuse() -> None:
    IntervalSchedule.objects.bulk_create(IntervalSchedule(every=30, period="seconds") for _ in range(2))

    schedule_sync(SCHEDULE)

    assert schedule_sync(SCHEDULE) == []


@pytest.mark.usefixtures("empty")
def test_the_command_says_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sync_schedule")
    assert sorted(capsys.readouterr().out.splitlines()) == [f"{name}: updated" for name in NAMES]

    call_command("sync_schedule")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("empty")
def test_migrate_runs_it() -> None:
    call_command("migrate", verbosity=0)

    assert ours() == NAMES


@pytest.mark.parametrize("name", ["sweep-returned-rentals", "sweep-notifications", "sweep-photos"])
def test_sweeps_of_lost_work_run_each_minute(name: str) -> None:
    [entry] = [entry for entry in SCHEDULE if entry.name == name]

    assert entry.seconds <= 60
