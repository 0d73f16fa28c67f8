"""Keeps the counts of each day up to date: marks the days that have changed as due, and counts the due ones.

A mark and a count commit by themselves, so that a run may stop anywhere and another one may run beside it.
"""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime

from bikerental.core.days import city_date
from bikerental.core.db.transactions import unit_of_work
from bikerental.figures.constants import OVERLAP
from bikerental.figures.locks import due_day_lock, keeping_lock
from bikerental.figures.models import Day, Keeping
from bikerental.figures.selectors.sources import days_of_changed_rides, first_moment
from bikerental.figures.services.counting import day_count
from bikerental.figures.types import Days

Progress = Callable[[date, int, int], None]  # the day that was counted, how many are done, and how many there were


def _no_progress(day: date, done: int, of: int) -> None:
    pass


def figures_keep(*, now: datetime, seconds: float | None = None, progress: Progress = _no_progress) -> int:
    """Count the days that have changed, the newest first. Returns how many were counted.

    :param seconds: after so long no other day is begun; the next run goes on
    """
    _mark_changed(now)
    return _count_due(now, seconds, progress)


def figures_rebuild(*, now: datetime, progress: Progress = _no_progress) -> int:
    """Count every day again. Of old days whose rows have been deleted, the earlier counts stay."""
    _mark_all(now)
    return _count_due(now, None, progress)


@unit_of_work
def _mark_changed(now: datetime) -> None:
    """Locks the row of the keeping."""
    keeping = keeping_lock()
    if keeping.seen_until is None:
        _mark(_days_until(now))
    else:
        since = city_date(min(keeping.seen_until, now) - OVERLAP)
        _mark({*Days(since, city_date(now)), *days_of_changed_rides()})
    keeping.seen_until = now
    keeping.save(update_fields=["seen_until"])


@unit_of_work
def _mark_all(now: datetime) -> None:
    keeping = keeping_lock()
    _mark(_days_until(now))
    keeping.seen_until = now
    keeping.save(update_fields=["seen_until"])


def _days_until(now: datetime) -> Days:
    first = first_moment()
    return Days(city_date(now if first is None else min(first, now)), city_date(now))


def _mark(days: Iterable[date]) -> None:
    Day.objects.bulk_create(
        (Day(day=day, is_due=True) for day in sorted(set(days))),
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["is_due"],
        batch_size=1000,
    )


def _count_due(now: datetime, seconds: float | None, progress: Progress) -> int:
    stop = None if seconds is None else time.monotonic() + seconds
    due = list(Day.objects.filter(is_due=True).order_by("-day").values_list("day", flat=True))
    done = 0
    for day in due:
        if stop is not None and time.monotonic() > stop:
            return done
        done += _count(day, now)
        progress(day, done, len(due))
    if not Day.objects.filter(is_due=True).exists():
        Keeping.objects.filter(pk=1).update(kept_at=now)
    return done


@unit_of_work
def _count(day: date, now: datetime) -> int:
    """Locks the day. Returns 0 if another run counts it or has counted it."""
    locked = due_day_lock(day=day)
    if locked is None:
        return 0
    day_count(locked, now=now)
    return 1
