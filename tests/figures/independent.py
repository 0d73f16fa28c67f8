"""The same figures, computed in plain Python from the rows, without the product's code."""

import itertools
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import ceil
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from bikerental.billing.models import Entry, Posting
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.rentals.models import Rental

STREET = UUID(int=0)


def local(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(settings.CITY_TIME_ZONE))


def begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(settings.CITY_TIME_ZONE)).astimezone(UTC)


def rides_begun(first: date, last: date, *, cancelled: bool = False) -> list[Any]:
    return [
        ride
        for ride in Rental.objects.select_related("bike")
        if ride.is_cancelled == cancelled and first <= local(ride.started_at).date() <= last
    ]


def by(rides: list[Any], key: Any) -> dict[Any, int]:
    return dict(Counter(map(key, rides)))


def mean_minutes(rides: list[Any]) -> float | None:
    lengths = [(ride.ended_at - ride.started_at).total_seconds() for ride in rides if ride.ended_at]
    return sum(lengths) / len(lengths) / 60 if lengths else None


def median_idle(first: date, last: date) -> int | None:
    of_bike: dict[UUID, list[Any]] = defaultdict(list)
    for ride in sorted(Rental.objects.filter(is_cancelled=False), key=lambda ride: ride.started_at):
        of_bike[ride.bike_id].append(ride)
    idle = sorted(
        int((later.started_at - earlier.ended_at).total_seconds() // 60)
        for rides in of_bike.values()
        for earlier, later in itertools.pairwise(rides)
        if first <= local(later.started_at).date() <= last
    )
    idle = sorted(minutes if minutes < 1440 else minutes // 60 * 60 for minutes in idle)
    return idle[ceil(len(idle) / 2) - 1] if idle else None


def stations_used(first: date, last: date) -> dict[UUID, tuple[int, int]]:
    rides = rides_begun(first, last)
    departures = Counter(ride.start_station_id or STREET for ride in rides)
    arrivals = Counter(ride.end_station_id or STREET for ride in rides if ride.ended_at)
    return {place: (departures[place], arrivals[place]) for place in {*departures, *arrivals}}


def pairs(first: date, last: date) -> dict[tuple[UUID, UUID], int]:
    ended = [ride for ride in rides_begun(first, last) if ride.ended_at]
    return by(ended, lambda ride: (ride.start_station_id or STREET, ride.end_station_id or STREET))


def money(first: date, last: date) -> dict[str, dict[str, Decimal]]:
    entries = {entry.pk: entry for entry in Entry.objects.all()}
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for posting in Posting.objects.filter(account__kind="rider").select_related("account"):
        entry = entries[posting.entry_id]
        if not first <= local(entry.created_at).date() <= last:
            continue
        while entry.reverses_id:
            entry = entries[entry.reverses_id]
        sums[posting.account.currency][entry.kind] += posting.amount
    return {currency: dict(kinds) for currency, kinds in sums.items()}


def bike_time(first: date, last: date, now: datetime, *, model_id: UUID | None = None) -> tuple[float, float, float]:
    """Seconds in service, seconds free, and days of bikes. A second is a part of its own day (23 to 25 hours)."""
    in_service = free = bike_days = 0.0
    for bike in Bike.objects.all() if model_id is None else Bike.objects.filter(model=model_id):
        events = list(BikeEvent.objects.filter(bike=bike).order_by("id"))
        ends = [event.happened_at for event in events[1:]] + [now]
        for event, end in zip(events, ends, strict=True):
            for number in range((last - first).days + 1):
                day = first + timedelta(days=number)
                midnight, next_midnight = begin_of(day), begin_of(day + timedelta(days=1))
                seconds = (min(end, next_midnight) - max(event.happened_at, midnight)).total_seconds()
                if seconds > 0 and event.state != "retired":
                    in_service += seconds
                    bike_days += seconds / (next_midnight - midnight).total_seconds()
                    free += seconds if event.state == "available" else 0
    return in_service, free, bike_days
