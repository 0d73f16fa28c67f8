"""Times in the parameters of MDS: hours, moments and months."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RECENT = timedelta(days=14)
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}", re.ASCII)
_MILLISECONDS = re.compile(r"\d{1,14}", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})\.csv", re.ASCII)


class Span(NamedTuple):
    """From `since` up to, and without, `until`."""

    since: datetime
    until: datetime

    @property
    def milliseconds(self) -> dict[str, int]:
        return {"since_ms": milliseconds(self.since), "until_ms": milliseconds(self.until)}


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def read_hour(request: Request, name: str) -> Span:
    """A parameter such as 2026-06-15T12.

    :raises ValidationError: if it is absent or no hour since 1970
    """
    text = _given(request, name)
    try:
        since = datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC) if _HOUR.fullmatch(text) else None
    except ValueError:
        since = None
    if since is None or not EPOCH <= since < datetime(9999, 12, 31, tzinfo=UTC):
        raise ValidationError({name: [_("Give an hour in UTC, such as 2026-06-15T12.")]}, code="invalid")
    return Span(since, since + timedelta(hours=1))


def read_recent(request: Request, *, now: datetime) -> Span:
    """`start_time` and `end_time`, in milliseconds since 1970.

    :raises ValidationError: if one is absent, no time, or more than two weeks ago, or if the end comes first
    """
    span = Span(_read_moment(request, "start_time"), _read_moment(request, "end_time"))
    for name, moment in zip(("start_time", "end_time"), span, strict=True):
        if moment < now - RECENT:
            raise ValidationError({name: [_("Give a time of the last two weeks.")]}, code="invalid")
    if span.until < span.since:
        raise ValidationError({"end_time": [_("Give an end that is not before the start.")]}, code="invalid")
    return span


def read_month(filename: str) -> tuple[date, Span] | None:
    """The month of a file such as 2026-06.csv, in the city's own time. None for another name."""
    match = _MONTH.fullmatch(filename)
    try:
        first = date(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        first = None
    if first is None or not 1970 <= first.year < 9999:
        return None
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first, Span(_city_midnight(first), _city_midnight(following))


def _city_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.CITY_TIME_ZONE)).astimezone(UTC)


def _read_moment(request: Request, name: str) -> datetime:
    text = _given(request, name)
    if not _MILLISECONDS.fullmatch(text):
        raise ValidationError({name: [_("Give a time in milliseconds since 1970.")]}, code="invalid")
    return EPOCH + timedelta(milliseconds=int(text))


def _given(request: Request, name: str) -> str:
    text = request.query_params.get(name)
    if not text:
        raise ValidationError({name: [_("This parameter is required.")]}, code="required")
    return text
