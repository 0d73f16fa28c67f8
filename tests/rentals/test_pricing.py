"""The price: the contract's table, and a computation minute by minute."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikerental.fleet.types import TariffTerms
from bikerental.rentals.pricing import price

START = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


def terms(unlock: str, per_minute: str, free: int = 0, cap: str | None = None) -> TariffTerms:
    return TariffTerms("Basic", "RUB", unlock, per_minute, free, cap, overdue_after_minutes=1440)


@pytest.mark.parametrize(
    ("tariff", "ride", "cost"),
    [
        (terms("50.00", "5.00"), timedelta(seconds=0), "50.00"),
        (terms("50.00", "5.00"), timedelta(seconds=1), "55.00"),
        (terms("50.00", "5.00"), timedelta(seconds=60), "55.00"),
        (terms("50.00", "5.00"), timedelta(seconds=61), "60.00"),
        (terms("50.00", "5.00"), timedelta(seconds=60, microseconds=1), "60.00"),
        (terms("0.00", "4.50", 30), timedelta(minutes=30), "0.00"),
        (terms("0.00", "4.50", 30), timedelta(minutes=31), "4.50"),
        (terms("30.00", "6.99", 0, "600.00"), timedelta(hours=20), "630.00"),
        (terms("30.00", "6.99", 0, "600.00"), timedelta(hours=24, minutes=1), "636.99"),
        (terms("30.00", "6.99", 10, "600.00"), timedelta(hours=49), "1649.40"),
        (terms("50.00", "5.00"), timedelta(seconds=-5), "50.00"),
    ],
)
def test_the_price_of_a_ride(tariff: TariffTerms, ride: timedelta, cost: str) -> None:
    assert price(tariff, started_at=START, ended_at=START + ride).amount == Decimal(cost)


def by_the_minute(tariff: TariffTerms, seconds: int) -> Decimal:
    """The same price, computed slowly: each minute is counted for its day."""
    days: dict[int, Decimal] = {}
    minute = 0
    while minute * 60 < seconds:
        if minute >= tariff.free_minutes:
            days[minute // 1440] = days.get(minute // 1440, Decimal(0)) + Decimal(tariff.per_minute)
        minute += 1
    cap = None if tariff.daily_cap is None else Decimal(tariff.daily_cap)
    costs = (day if cap is None else min(day, cap) for day in days.values())
    return Decimal(tariff.unlock_fee) + sum(costs, Decimal(0))


money = st.decimals(min_value=0, max_value=2000, places=2).map(str)
any_terms = st.builds(terms, money, money, st.integers(0, 4000), st.none() | money)
seconds_of_ride = st.integers(0, 5 * 24 * 3600)


@given(any_terms, seconds_of_ride)
def test_the_price_agrees_with_counting_minute_by_minute(tariff: TariffTerms, seconds: int) -> None:
    cost = price(tariff, started_at=START, ended_at=START + timedelta(seconds=seconds))

    assert cost.amount == by_the_minute(tariff, seconds)


@given(any_terms, seconds_of_ride)
def test_the_lines_add_up_to_the_amount(tariff: TariffTerms, seconds: int) -> None:
    cost = price(tariff, started_at=START, ended_at=START + timedelta(seconds=seconds))

    assert sum(line.amount for line in cost.lines) == cost.amount


@given(any_terms, seconds_of_ride, st.integers(0, 100_000))
def test_a_longer_ride_never_costs_less(tariff: TariffTerms, seconds: int, more: int) -> None:
    shorter = price(tariff, started_at=START, ended_at=START + timedelta(seconds=seconds))
    longer = price(tariff, started_at=START, ended_at=START + timedelta(seconds=seconds + more))

    assert shorter.amount <= longer.amount


@given(any_terms, seconds_of_ride, st.decimals(0, 1_000_000, places=2))
def test_an_end_out_of_the_area_costs_the_fee_more(tariff: TariffTerms, seconds: int, fee: Decimal) -> None:
    times = {"started_at": START, "ended_at": START + timedelta(seconds=seconds)}
    terms = tariff._replace(out_of_area_fee=str(fee))

    inside, outside = price(terms, **times), price(terms, **times, is_out_of_area=True)

    assert inside == price(tariff, **times) == price(tariff, **times, is_out_of_area=True)
    assert (outside.amount - inside.amount, outside.lines[:-1]) == (fee, inside.lines)
    assert outside.lines[-1].as_json() == {"code": "out_of_area", "amount": f"{fee:.2f}"}
