"""The schedule of periodic tasks. Each app declares its own in `schedule.py`; beat reads them from its table."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.registry import declared

SECONDS = IntervalSchedule.SECONDS


class Periodic(NamedTuple):
    """A task that runs every so many seconds."""

    name: str
    task: str
    seconds: int
    expires: int  # after so many seconds, a message that no worker has taken is dropped


def declared_schedule() -> list[Periodic]:
    return list(chain.from_iterable(declared("schedule", "SCHEDULE")))


@unit_of_work
def schedule_sync(entries: Sequence[Periodic]) -> list[str]:
    """Write the declared tasks to beat's table. Returns the names of the rows that were new or changed.

    Rows are matched by name. Rows that operators added stay. Fields that are not declared stay too, above
    all whether a task is enabled. Two calls at once write the same rows.
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
    PeriodicTasks.update_changed()  # beat reads its table again only after this signal, and a bulk write sends none
    return [entry.name for entry in changed]


@unit_of_work
def schedule_forget_future_runs(*, now: datetime) -> list[str]:
    """If the clock was ahead, the last run of a task is in the future. Set it to `now`. Returns the tasks' names."""
    ahead = PeriodicTask.objects.filter(last_run_at__gt=now)
    names = sorted(ahead.values_list("name", flat=True))
    if names:
        ahead.update(last_run_at=now)
        PeriodicTasks.update_changed()
    return names


def _agrees(row: PeriodicTask | None, entry: Periodic) -> bool:
    if row is None:
        return False
    stored = (row.task, row.expire_seconds, row.expires, row.crontab_id, row.solar_id, row.clocked_id)
    interval = row.interval and (row.interval.every, row.interval.period)
    return stored == (entry.task, entry.expires, None, None, None, None) and interval == (entry.seconds, SECONDS)


def _interval(seconds: int) -> IntervalSchedule:
    # The table allows duplicates: an operator may have made one.
    found = IntervalSchedule.objects.filter(every=seconds, period=SECONDS).order_by("pk").first()
    return found or IntervalSchedule.objects.create(every=seconds, period=SECONDS)
