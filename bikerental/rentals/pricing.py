"""The price of a ride: one pure function for the running, the returned and the settled cost."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, Protocol

from bikerental.core.money import money_text
from bikerental.fleet.types import TariffTerms

MINUTE = timedelta(minutes=1)
PERIOD_MINUTES = 24 * 60
ZERO = Decimal("0.00")


class Ride(Protocol):
    """The fields that a price needs, of a rental or of a row of one."""

    @property
    def terms(self) -> TariffTerms: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def is_out_of_area(self) -> bool: ...


class Line(NamedTuple):
    """One line of the receipt. The amounts of all lines add up to the cost."""

    code: str
    amount: Decimal
    quantity: int | None = None
    unit_price: Decimal | None = None

    def as_json(self) -> dict[str, str | int]:
        json: dict[str, str | int] = {"code": self.code}
        if self.quantity is not None:
            json["quantity"] = self.quantity
        if self.unit_price is not None:
            json["unit_price"] = money_text(self.unit_price)
        return json | {"amount": money_text(self.amount)}


class Cost(NamedTuple):
    amount: Decimal
    lines: tuple[Line, ...]


def minutes_begun(started_at: datetime, ended_at: datetime) -> int:
    """The number of minutes that were begun, to the microsecond. If the clock went back, it is 0."""
    return max(0, -((started_at - ended_at) // MINUTE))


def cost_at(ride: Ride, now: datetime) -> Cost:
    """The final cost of the ride, or its cost if it ended now."""
    return price(
        ride.terms, started_at=ride.started_at, ended_at=ride.ended_at or now, is_out_of_area=ride.is_out_of_area
    )


def time_ridden(ride: Ride, now: datetime) -> timedelta:
    return (ride.ended_at or now) - ride.started_at


def is_overdue(ride: Ride, now: datetime) -> bool:
    return time_ridden(ride, now) > _minutes(ride.terms.overdue_after_minutes)


@lru_cache(maxsize=128)
def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)  # cached, since making one takes longer than comparing it


def price(terms: TariffTerms, *, started_at: datetime, ended_at: datetime, is_out_of_area: bool = False) -> Cost:
    """The cost of a ride with this start and end.

    The first `free_minutes` cost nothing. The time from the start is divided into periods of 24 hours. In each, the
    minutes cost at most `daily_cap`; the cap does not include the unlock fee.

    :param is_out_of_area: whether it ended where the zones allow it only for a fee
    """
    minutes = minutes_begun(started_at, ended_at)
    charged = max(0, minutes - terms.free_minutes)
    per_minute = Decimal(terms.per_minute)
    lines = [Line("unlock", Decimal(terms.unlock_fee))]
    lines.append(Line("minutes", charged * per_minute, charged, per_minute))
    if free := minutes - charged:
        lines.append(Line("free_minutes", ZERO, free))
    if saved := _saved_by_cap(terms, minutes):
        lines.append(Line("daily_cap", -saved))
    if is_out_of_area and terms.out_of_area_fee is not None:
        lines.append(Line("out_of_area", Decimal(terms.out_of_area_fee)))
    return Cost(sum((line.amount for line in lines), ZERO), tuple(lines))


def _saved_by_cap(terms: TariffTerms, minutes: int) -> Decimal:
    if terms.daily_cap is None:
        return ZERO
    per_minute, daily_cap = Decimal(terms.per_minute), Decimal(terms.daily_cap)
    saved = ZERO
    for period_start in range(0, minutes, PERIOD_MINUTES):
        period_end = min(minutes, period_start + PERIOD_MINUTES)
        charged = max(0, period_end - max(period_start, terms.free_minutes))
        saved += max(ZERO, charged * per_minute - daily_cap)
    return saved
