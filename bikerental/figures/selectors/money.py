"""Money by day and currency."""

from datetime import date

from bikerental.figures.models import MoneyDay
from bikerental.figures.types import Days, Money


def money_by_day(days: Days) -> dict[str, dict[date, Money]]:
    """Of each currency, the days on which something was posted. One statement."""
    rows = MoneyDay.objects.filter(day__range=(days.first, days.last)).order_by("currency", "day")
    found: dict[str, dict[date, Money]] = {}
    for currency, day, *amounts in rows.values_list("currency", "day", *Money._fields):
        found.setdefault(currency, {})[day] = Money(*amounts)
    return found
