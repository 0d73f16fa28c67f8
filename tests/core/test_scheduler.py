"""Beat continues after its clock was ahead and was corrected."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from bikerental.core.work import scheduler as module
from bikerental.core.work.scheduler import Entry, Scheduler
from config.celery_app import app
from tests.live import CELERY, environment, process
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
AHEAD = timedelta(days=30)


@pytest.fixture
def every_second() -> PeriodicTask:
    PeriodicTask.objects.all().delete()
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    return PeriodicTask.objects.create(name="each", task="bikerental.observe.tasks.beat_heartbeat", interval=interval)


@pytest.mark.slow
def test_beat_sends_tasks_whose_last_run_is_in_the_future(every_second: PeriodicTask, tmp_path: Path) -> None:
    PeriodicTask.objects.update(last_run_at=timezone.now() + AHEAD, date_changed=timezone.now() + AHEAD)
    log = tmp_path / "beat.log"

    with process(*CELERY, "beat", "--pidfile", "", env=environment(LOG_LEVEL="INFO"), log=log):
        assert eventually(lambda: log.read_text().count("Sending due task each") > 2, seconds=60), log.read_text()

    every_second.refresh_from_db()
    assert every_second.last_run_at <= timezone.now()


class Clock:
    ahead = AHEAD

    def now(self, *_: Any) -> datetime:
        return datetime.now(UTC) + self.ahead


def tick(scheduler: Scheduler, seconds: float) -> int:
    """How often the task is sent within that time."""
    before = scheduler.schedule["each"].model.total_run_count
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(max(0.0, min(0.1, scheduler.tick())))
    return int(scheduler.schedule["each"].model.total_run_count - before)


def test_a_clock_that_is_set_back_while_beat_runs(every_second: PeriodicTask, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(Entry, "_default_now", clock.now)
    monkeypatch.setattr(type(app), "now", clock.now)
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: clock.now().timestamp()))
    scheduler = Scheduler(app=app)
    scheduler._finalize.cancel()  # it would write to the database when the tests end
    assert tick(scheduler, 2.5) >= 1

    clock.ahead = timedelta()

    assert tick(scheduler, 3.5) >= 2
    app.control.purge()


def test_the_runbooks_command_lets_them_count_from_now(
    every_second: PeriodicTask, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("sync_schedule")
    capsys.readouterr()
    PeriodicTask.objects.filter(name="each").update(last_run_at=timezone.now() + AHEAD)
    PeriodicTasks.objects.all().delete()

    call_command("sync_schedule")

    assert capsys.readouterr().out == "each: last ran in the future, counts from now\n"
    every_second.refresh_from_db()
    assert every_second.last_run_at <= timezone.now()
    assert PeriodicTasks.last_change() is not None  # a running beat reads its table again
    call_command("sync_schedule")
    assert capsys.readouterr().out == ""
