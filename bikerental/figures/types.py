"""Plain values of the figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True)
class Days:
    """From the first day to the last one, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Days":
        """The range of the same length that ends where this one begins."""
        return Days(self.first - timedelta(days=self.count), self.first - timedelta(days=1))

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.count))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


class Rides(NamedTuple):
    """`rides` are those that were not cancelled; `ended` and `ridden_seconds` count those of them that have ended."""

    rides: int = 0
    cancelled: int = 0
    ended: int = 0
    ridden_seconds: float = 0.0

    @property
    def minutes(self) -> float | None:
        """The mean length of a ride."""
        return self.ridden_seconds / self.ended / 60 if self.ended else None

    def plus(self, other: "Rides") -> "Rides":
        return Rides._make(mine + its for mine, its in zip(self, other, strict=True))


class RideCounts(NamedTuple):
    by_day: dict[date, Rides]
    by_hour: dict[int, int]
    by_model: dict[UUID, Rides]

    @property
    def total(self) -> Rides:
        total = Rides()
        for rides in self.by_day.values():
            total = total.plus(rides)
        return total


class Money(NamedTuple):
    """In one currency."""

    charged: Decimal = Decimal(0)
    adjusted: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)

    def plus(self, other: "Money") -> "Money":
        return Money(*(mine + its for mine, its in zip(self, other, strict=True)))


class BikeSeconds(NamedTuple):
    """For how many seconds bikes were in service, and for how many of them a rider could have taken them.

    :param bike_days: days in service; a bike that is in service for half a day adds a half
    """

    in_service: float = 0.0
    free: float = 0.0
    bike_days: float = 0.0

    @property
    def share_free(self) -> float | None:
        return self.free / self.in_service if self.in_service else None

    def trips(self, rides: int) -> float | None:
        """Rides for each bike and day."""
        return rides / self.bike_days if self.bike_days else None

    def plus(self, other: "BikeSeconds") -> "BikeSeconds":
        return BikeSeconds(*(mine + its for mine, its in zip(self, other, strict=True)))


class StationCounts(NamedTuple):
    """A place: a station, or the street. A station that was deleted has no name."""

    id: UUID
    name: str | None
    docks: int | None
    departures: int
    arrivals: int
    uses_before: int  # departures and arrivals in the range before

    @property
    def uses(self) -> int:
        return self.departures + self.arrivals


class PairCounts(NamedTuple):
    start_id: UUID
    end_id: UUID
    rides: int
    before: int


class Kept(NamedTuple):
    """How far the figures are kept."""

    kept_at: datetime | None
    first: date | None  # the first day that was counted
    due: int  # days of the range that are not counted, or counted before they changed
