"""The page Today: each count, with rows made for it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from bikerental.billing.models import Account
from bikerental.billing.services import entry_reverse, payment_book, payment_refund, ride_adjust
from bikerental.billing.types import Booking
from bikerental.console.selectors.lists import (
    STATIONS_EMPTY,
    STATIONS_FULL,
    STATIONS_ORDER,
    idle_listed,
    rows_listed,
    stations_counted,
)
from bikerental.console.selectors.today import today
from bikerental.core.days import city_date, day_begins, week_begins
from bikerental.maintenance.models import BikeReport
from bikerental.notifications.models import Notification
from bikerental.observe.models import Heartbeat
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.services import rental_cancel, rentals_settle
from tests.console.conftest import browser_of
from tests.factories import NOON, make_bike, make_claim, make_rental, make_returned_rental, make_station, make_user

pytestmark = pytest.mark.django_db
HOME = "/admin/console/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def numbers(now: datetime = NOON) -> dict[str, int]:
    return {name: waiting.number for name, waiting in today(now=now).counts.items() if waiting.number}


def test_in_an_empty_city_nothing_waits() -> None:
    assert numbers() == {}


def test_each_count_counts_its_own_rows() -> None:
    make_claim(make_returned_rental(started_at=NOON - DAY * 20))
    make_rental(started_at=NOON - 30 * DAY, overdue_at=NOON - 29 * DAY)
    BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="brakes")
    BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="lights")
    BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="frame", state="dismissed", closed_at=NOON)
    make_message(state="failed", last_error="refused")
    make_message(state="pending")

    assert numbers() == {
        "claims_open": 1, "rides_overdue": 1, "rides_now": 1, "rides_unsettled": 1, "reports_grave": 1,
        "messages_failed": 1,
    }  # fmt: skip


def make_message(**fields: Any) -> Notification:
    return Notification.objects.create(kind="receipt", recipient=make_user(), key=str(uuid4()), language="en", **fields)


def test_the_time_of_the_oldest_is_shown() -> None:
    make_rental(started_at=NOON - 3 * DAY, overdue_at=NOON - DAY)
    make_rental(started_at=NOON - 5 * DAY, overdue_at=NOON)

    assert today(now=NOON).waiting("rides_overdue").oldest == NOON - 5 * DAY


def test_a_ride_that_has_just_ended_is_not_counted_as_unsettled() -> None:
    make_returned_rental(minutes=10, started_at=NOON - timedelta(minutes=14))

    assert "rides_unsettled" not in numbers()


def test_stations_are_empty_or_full_by_their_bikes() -> None:
    broken, full, closed, shut = (make_station(capacity=1) for _ in range(4))
    make_bike(station=broken, status="maintenance")  # no bike to take, and no dock
    make_bike(station=full)
    closed.is_renting = shut.is_returning = False
    closed.save()
    shut.save()
    make_bike(station=shut)

    counts = numbers()

    assert (counts["stations_empty"], counts["stations_full"]) == (1, 2)
    assert rows_listed(stations_counted().filter(STATIONS_EMPTY), STATIONS_ORDER) == [broken]
    assert rows_listed(stations_counted().filter(STATIONS_FULL), STATIONS_ORDER) == [broken, full]


def make_old_bike(**fields: Any) -> Any:
    return make_bike(created_at=NOON - 40 * DAY, **fields)


def test_idle_bikes_are_counted_and_listed() -> None:
    idle, ridden = make_old_bike(), make_old_bike()
    make_returned_rental(bike=idle, started_at=NOON - 8 * DAY)
    make_returned_rental(bike=ridden, started_at=NOON - 6 * DAY)
    make_old_bike(status="maintenance")
    make_bike(created_at=NOON - DAY)

    assert numbers()["bikes_idle"] == 1
    assert [each.bike for each in idle_listed(now=NOON, days=7)] == [idle]


def test_days_begin_at_the_citys_midnight(settings: Settings) -> None:
    settings.CITY_TIME_ZONE = "Europe/Moscow"
    midnight = datetime(2026, 6, 14, 21, 0, tzinfo=UTC)  # a Monday begins in Moscow
    for before in (timedelta(0), timedelta(microseconds=1), 7 * DAY):
        make_returned_rental(started_at=midnight - before)
    ride = make_rental(started_at=midnight)
    rental_cancel(rental_id=ride.pk, rider_id=ride.rider_id, reason=CancelReason.OTHER, text="", now=midnight)

    counts = numbers(midnight + HOUR)

    assert (counts["rides_today"], counts["rides_week"]) == (1, 1)


def test_a_day_with_a_change_of_clocks_has_23_hours(settings: Settings) -> None:
    settings.CITY_TIME_ZONE = "Europe/Berlin"
    morning = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)

    begins, ends = day_begins(city_date(morning)), day_begins(city_date(morning + DAY))

    assert ends.astimezone(UTC) - begins.astimezone(UTC) == 23 * HOUR
    assert week_begins(city_date(morning)).astimezone(UTC) == datetime(2026, 3, 22, 23, 0, tzinfo=UTC)


def test_money_counts_on_the_day_it_was_posted() -> None:
    ride, old = make_returned_rental(), make_returned_rental(started_at=NOON - 2 * DAY)
    rentals_settle(rental_ids=[old.pk], now=NOON - DAY)
    rentals_settle(rental_ids=[ride.pk], now=NOON)
    account = Account.objects.get(rider=ride.rider)

    def booking(key: str) -> Booking:
        return Booking(key, make_user().pk, "because", NOON)

    ride_adjust(rental_id=ride.pk, amount=Decimal(40), booking=booking("a"))
    undone = ride_adjust(rental_id=ride.pk, amount=Decimal(5), booking=booking("b"))
    entry_reverse(entry_id=undone.pk, booking=booking("c"))
    payment_book(account_id=account.pk, amount=Decimal(100), booking=booking("d"))
    payment_refund(account_id=account.pk, amount=Decimal(30), booking=booking("e"))

    assert today(now=NOON).money == [("RUB", Decimal("145.00"), Decimal("40.00"), Decimal("30.00"))]


def test_an_old_heartbeat_is_shown_as_late(manager: Client) -> None:
    page = manager.get(HOME).content.decode()
    assert len(re.findall("late</span>", page)) == 2
    Heartbeat.objects.create(name="beat", beat_at=timezone.now() - timedelta(minutes=6))
    Heartbeat.objects.create(name="backup", beat_at=timezone.now() - timedelta(hours=25))
    page = manager.get(HOME).content.decode()

    assert (page.count("late</span>"), page.count("in time</span>")) == (1, 1)


def test_a_count_links_to_its_list_if_the_role_may_open_it(manager: Client) -> None:
    links = {path: path in manager.get(HOME).content.decode() for path in LISTS}
    assert links == dict.fromkeys(LISTS, True)
    for path in LISTS:
        assert manager.get(HOME + path).status_code == 200, path

    assert [path for path in LISTS if path in browser_of("viewer").get(HOME).content.decode()] == [
        "stations/empty/", "stations/full/", "idle/",
    ]  # fmt: skip


LISTS = (
    "claims/", "rides/now/", "rides/overdue/", "rides/unsettled/", "reports/", "stations/empty/", "stations/full/",
    "idle/", "messages/",
)  # fmt: skip


def test_the_page_takes_few_statements(manager: Client) -> None:
    make_claim()
    with CaptureQueriesContext(connection) as captured:
        manager.get(HOME)

    assert len(captured) <= 12, [query["sql"][:100] for query in captured]


def test_an_idle_bike_is_compared_with_bikes_near_it(manager: Client) -> None:
    lonely = make_old_bike(latitude=59.0, longitude=30.0)
    idle = make_old_bike(latitude=59.93, longitude=30.31)
    near = make_old_bike(latitude=59.9335, longitude=30.31)  # 390 m
    make_old_bike(latitude=59.935, longitude=30.31)  # 560 m
    for hours in (1, 2, 3):
        make_returned_rental(bike=near, started_at=NOON - DAY - hours * HOUR)

    found = {each.bike.pk: each for each in idle_listed(now=NOON, days=7)}

    assert (found[idle.pk].near_bikes, found[idle.pk].near_rides, found[idle.pk].rides_a_bike) == (1, 3, 3.0)
    assert (found[lonely.pk].near_bikes, found[lonely.pk].rides_a_bike) == (0, None)
    assert near.pk not in found


def test_the_rides_around_idle_bikes_are_counted_once_for_all() -> None:
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(context["cursor"].mogrify(sql, params).decode())
        return execute(sql, params, many, context)

    for _ in range(4):
        make_old_bike()
    ridden = make_old_bike()
    for hours in range(1, 11):
        make_returned_rental(bike=ridden, started_at=NOON - DAY - hours * HOUR)

    with connection.execute_wrapper(note):
        assert [each.near_rides for each in idle_listed(now=NOON, days=7)] == [10] * 4

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, TIMING OFF) " + statements[-1])
        # A bitmap of an index also counts what earlier tests rolled back.
        lines = [line for (line,) in cursor.fetchall() if "Bitmap Index Scan" not in line]
    steps = re.findall(r"actual rows=([0-9.]+) loops=([0-9]+)", "\n".join(lines))
    # Each idle bike has four beside it. With each ride of theirs, there would be 4 times 13 rows.
    assert max(float(rows) * int(loops) for rows, loops in steps) <= 40
