"""The locks of the figures app."""

from datetime import date

from bikerental.figures.models import Day, Keeping


def keeping_lock() -> Keeping:
    """Hold the one row until the transaction ends. Two statements, three for the first time."""
    Keeping.objects.get_or_create(pk=1)
    return Keeping.objects.select_for_update(no_key=True).get(pk=1)


def due_day_lock(*, day: date) -> Day | None:
    """The day if it is due, held until the transaction ends. None if somebody else counts it. One statement."""
    return Day.objects.select_for_update(no_key=True, skip_locked=True).filter(day=day, is_due=True).first()
