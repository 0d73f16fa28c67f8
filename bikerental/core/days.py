"""The city's days: they begin at midnight in CITY_TIME_ZONE, also where the clocks change."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings


def city_date(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(settings.CITY_TIME_ZONE)).date()


def day_begins(day: date) -> datetime:
    """The first moment of the day. Where a change of clocks skips midnight, that is the moment of the change."""
    return datetime.combine(day, time.min, ZoneInfo(settings.CITY_TIME_ZONE))


def week_begins(day: date) -> datetime:
    """The first moment of the day's Monday."""
    return day_begins(day - timedelta(days=day.weekday()))
