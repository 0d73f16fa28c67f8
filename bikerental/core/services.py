"""What the kernel writes."""

from collections.abc import Sequence
from datetime import datetime

from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from bikerental.core.models import Heartbeat
from bikerental.core.schedule import SCHEDULE, Periodic
from bikerental.core.transactions import unit_of_work

SECONDS = IntervalSchedule.SECONDS


def heartbeat_record(*, name: str, now: datetime) -> None:
    """Put down that the process works. One statement."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, beat_at=now)], update_conflicts=True, unique_fields=["name"], update_fields=["beat_at"]
    )


@unit_of_work
def schedule_sync(entries: Sequence[Periodic] = SCHEDULE) -> list[str]:
    """Make beat's rows say what is declared; the names of those that were new or said otherwise.

    Rows are matched by name. What operators added stays, and so does everything on our rows that
    is not declared: whether they are enabled, above all. Two at once write the same.
    """
    ours = PeriodicTask.objects.filter(name__in=[entry.name for entry in entries]).select_related("interval")
    rows = {row.name: row for row in ours}
    changed = [entry for entry in entries if not _agrees(rows.get(entry.name), entry)]
    if not changed:
        return []
    intervals = {seconds: _interval(seconds) for seconds in {entry.seconds for entry in changed}}
    fields = ["task", "interval", "crontab", "solar", "clocked", "expires", "expire_seconds"]
    PeriodicTask.objects.bulk_create(
        [
            PeriodicTask(
                name=entry.name, task=entry.task, interval=intervals[entry.seconds], expire_seconds=entry.expires
            )
            for entry in changed
        ],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=fields,
    )
    PeriodicTasks.update_changed()  # a bulk write sends no signal, and beat reads its table again on this alone
    return [entry.name for entry in changed]


@unit_of_work
def schedule_forget_future_runs(*, now: datetime) -> list[str]:
    """Let rows that ran in the future, by a clock that was ahead, count from now; their names."""
    ahead = PeriodicTask.objects.filter(last_run_at__gt=now)
    names = sorted(ahead.values_list("name", flat=True))
    if names:
        ahead.update(last_run_at=now)
        PeriodicTasks.update_changed()
    return names


def _agrees(row: PeriodicTask | None, entry: Periodic) -> bool:
    if row is None:
        return False
    said = (row.task, row.expire_seconds, row.expires, row.crontab_id, row.solar_id, row.clocked_id)
    interval = row.interval and (row.interval.every, row.interval.period)
    return said == (entry.task, entry.expires, None, None, None, None) and interval == (entry.seconds, SECONDS)


def _interval(seconds: int) -> IntervalSchedule:
    # The table forbids no doubles: an operator may have made one.
    found = IntervalSchedule.objects.filter(every=seconds, period=SECONDS).order_by("pk").first()
    return found or IntervalSchedule.objects.create(every=seconds, period=SECONDS)
