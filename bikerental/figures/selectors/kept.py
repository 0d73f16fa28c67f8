"""How far the figures are kept."""

from datetime import date

from django.db.models import Count, Max, Min, Q

from bikerental.figures.models import Day, Keeping, RideHour
from bikerental.figures.types import Days, Kept


def figures_kept(days: Days) -> Kept:
    """Two statements."""
    in_range = Q(day__range=(days.before.first, days.last))
    found = Day.objects.aggregate(first=Min("day"), due=Count("day", filter=in_range & Q(is_due=True)))
    kept_at = Keeping.objects.values_list("kept_at", flat=True).first()
    return Kept(kept_at, found["first"], found["due"])


def idle_by_day(days: Days) -> dict[date, int | None]:
    """The median of each day, in minutes. One statement."""
    return dict(Day.objects.filter(day__range=(days.first, days.last)).values_list("day", "idle_minutes"))


def last_day_ridden() -> date | None:
    """The last day on which a ride began. One statement."""
    last: date | None = RideHour.objects.aggregate(last=Max("day"))["last"]
    return last
