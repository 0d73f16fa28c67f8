"""Plain values of the rentals app."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from bikerental.rentals.pricing import Cost, Terms, price


class Place(NamedTuple):
    """Where a bike is left: at a station, or at a point in the street."""

    station_id: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None


class Ending(NamedTuple):
    """What the history says of a ride's end."""

    kind: str
    happened_at: datetime
    actor_id: UUID
    reason: str = ""


class OperatorsEnd(NamedTuple):
    """How an operator ends a ride: why, where the bike is, and when it was left there."""

    reason: str
    place: Place | None = None  # where it was taken
    ended_at: datetime | None = None  # now


class RentalRow(NamedTuple):
    """A rental as its rider sees it, amounts as text; on a page the ids too."""

    id: UUID
    status: str
    started_at: datetime
    ended_at: datetime | None
    bike_id: UUID
    bike_number: str
    model_id: UUID
    model_name: str
    model_propulsion: str
    start_station_id: UUID | None
    start_station_name: str | None
    end_station_id: UUID | None
    end_station_name: str | None
    tariff_name: str
    currency: str
    unlock_fee: str
    per_minute: str
    free_minutes: int
    daily_cap: str | None
    overdue_after_minutes: int
    cost_amount: str | None = None
    cost_lines: str | None = None  # JSON, as it was settled

    def cost_at(self, now: datetime) -> Cost:
        """What the ride cost, or would cost if it ended now."""
        cap = None if self.daily_cap is None else Decimal(self.daily_cap)
        terms = Terms(self.currency, Decimal(self.unlock_fee), Decimal(self.per_minute), self.free_minutes, cap)
        return price(terms, started_at=self.started_at, ended_at=self.ended_at or now)

    def is_overdue(self, now: datetime) -> bool:
        return (self.ended_at or now) - self.started_at > _minutes(self.overdue_after_minutes)


@lru_cache(maxsize=128)
def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)  # kept, since making one costs more than comparing it
