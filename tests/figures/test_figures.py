"""Each figure equals an independent computation, and a rebuild gives the same counts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import Settings

from bikerental.core.days import city_date, day_begins
from bikerental.figures.models import Day, Keeping, StationPair
from bikerental.figures.selectors.bikes import bike_seconds
from bikerental.figures.selectors.kept import figures_kept, idle_by_day
from bikerental.figures.selectors.money import money_by_day
from bikerental.figures.selectors.places import pair_counts, station_counts
from bikerental.figures.selectors.rides import idle_medians, ride_counts
from bikerental.figures.services import figures_keep, figures_rebuild
from bikerental.figures.tasks import keep_figures
from bikerental.figures.types import BikeSeconds, Days, Money
from bikerental.fleet.models import BikeEvent
from bikerental.fleet.services import bike_events_purge, bike_log_repair
from bikerental.rentals.services import rentals_forget
from tests.factories import NOON, make_bike, make_rental, make_returned_rental, make_settled_rental, make_station
from tests.figures import independent
from tests.figures.living import LivingCity

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rows_kept() -> dict[str, list[Any]]:
    """All counts, without when they were counted."""
    models = [model for model in apps.get_app_config("figures").get_models() if model not in (Day, Keeping)]
    kept = {model.__name__: sorted(model.objects.values_list(), key=str) for model in models}
    return kept | {"Day": sorted(Day.objects.values_list("day", "open_rides", "idle_minutes", "is_due"))}


@pytest.fixture(params=["2026-03-27", "2026-10-23"], ids=["spring", "autumn"])
def lived(request: pytest.FixtureRequest, settings: Settings) -> LivingCity:
    """Four days over a change of clocks, kept each three hours, sometimes twice, and not at all for most of a day."""
    settings.CITY_TIME_ZONE = "Europe/Berlin"
    begin = datetime.fromisoformat(request.param).replace(hour=5, tzinfo=UTC)
    city = LivingCity(begin=begin, seed=11)
    for hour in range(0, 24 * 4, 3):
        city.live(until=begin + hour * HOUR)
        if not 50 < hour < 70:
            for _ in range(1 + hour % 2):
                figures_keep(now=city.now)
    city.live(until=begin + timedelta(days=4, minutes=20))
    figures_keep(now=city.now)
    return city


def ranges_of(city: LivingCity) -> list[Days]:
    last = city_date(city.now)
    first = last - timedelta(days=4)
    each_day = [Days(first + timedelta(days=number), first + timedelta(days=number)) for number in range(5)]
    return [*each_day, Days(first, last), Days(last - timedelta(days=2), last), Days(first, first + timedelta(days=2))]


def test_each_figure_equals_one_computed_from_the_rows(lived: LivingCity) -> None:
    for days in ranges_of(lived):
        check_rides(days)
        check_places(days)
        check_money(days)
        check_bikes(days, lived)
    kept = rows_kept()

    figures_rebuild(now=lived.now)

    assert rows_kept() == kept
    assert min(len(rows) for rows in kept.values()) > 3


def check_rides(days: Days) -> None:
    rides = independent.rides_begun(days.first, days.last)
    found = ride_counts(days)
    by_day = independent.by(rides, lambda ride: independent.local(ride.started_at).date())
    by_hour = independent.by(rides, lambda ride: independent.local(ride.started_at).hour)

    assert {day: each.rides for day, each in found.by_day.items() if each.rides} == by_day
    assert {hour: count for hour, count in found.by_hour.items() if count} == by_hour
    assert found.total.cancelled == len(independent.rides_begun(days.first, days.last, cancelled=True))
    assert found.total.minutes == pytest.approx(independent.mean_minutes(rides))
    by_model = independent.by(rides, lambda ride: ride.bike.model_id)
    assert {model: each.rides for model, each in found.by_model.items() if each.rides} == by_model
    for model, each in found.by_model.items():
        of_model = [ride for ride in rides if ride.bike.model_id == model]
        assert each.minutes == pytest.approx(independent.mean_minutes(of_model))
    before = days.before
    expected = [independent.median_idle(each.first, each.last) for each in (days, before)]
    assert list(idle_medians(days)) == expected
    assert idle_by_day(days) == {day: independent.median_idle(day, day) for day in days}


def check_places(days: Days) -> None:
    stations = station_counts(days)
    now, before = (independent.stations_used(each.first, each.last) for each in (days, days.before))

    assert {each.id: (each.departures, each.arrivals) for each in stations if each.uses} == now
    assert {each.id: each.uses_before for each in stations if each.uses_before} == {
        place: sum(uses) for place, uses in before.items()
    }
    pairs = pair_counts(days, stations=stations).values()
    assert {(each.start_id, each.end_id): each.rides for each in pairs if each.rides} == (
        independent.pairs(days.first, days.last)
    )
    assert {(each.start_id, each.end_id): each.before for each in pairs if each.before} == (
        independent.pairs(days.before.first, days.before.last)
    )


def check_money(days: Days) -> None:
    total = Money()
    for money in money_by_day(days).get("RUB", {}).values():
        total = total.plus(money)
    expected = independent.money(days.first, days.last).get("RUB", {})

    assert total == (
        expected.get("charge", 0), -expected.get("adjustment", Decimal(0)), expected.get("refund", 0),
    )  # fmt: skip


def check_bikes(days: Days, city: LivingCity) -> None:
    found = bike_seconds(days)
    assert list(found) == list(reversed(list(days)))
    for model in city.models:
        total = BikeSeconds()
        for of_models in found.values():
            total = total.plus(of_models.get(model.pk, BikeSeconds()))
        assert total == pytest.approx(independent.bike_time(days.first, days.last, city.now, model_id=model.pk))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_is_as_long_as_its_clocks_say(settings: Settings, day: date, hours: int) -> None:
    settings.CITY_TIME_ZONE = "Europe/Berlin"
    bike, begin = make_bike(), day_begins(day).astimezone(UTC)
    bike_log_repair(now=begin - DAY)
    for after in (timedelta(seconds=-1), timedelta(0), 2.5 * HOUR, hours * HOUR - timedelta(seconds=1), hours * HOUR):
        make_returned_rental(bike=bike, started_at=begin + after, minutes=0)

    figures_keep(now=begin + 2 * DAY)

    assert [bikes.in_service for bikes in bike_seconds(Days(day, day))[day].values()] == [hours * 3600]
    assert ride_counts(Days(day, day)).by_hour == {0: 1, 2 + (hours == 23): 1, 23: 1}


def test_a_day_is_due_again_when_one_of_its_rides_has_ended() -> None:
    ride = make_rental(started_at=NOON - 9 * DAY)
    figures_keep(now=NOON)
    counted = dict(Day.objects.values_list("day", "counted_at"))
    ride.status, ride.ended_at = "returned", NOON - 8 * DAY
    ride.save()

    figures_keep(now=NOON + HOUR)

    counted_now = dict(Day.objects.values_list("day", "counted_at"))
    assert {day for day in counted if counted_now[day] != counted[day]} == {city_date(NOON), city_date(NOON - 9 * DAY)}
    assert ride_counts(Days(city_date(NOON - 9 * DAY), city_date(NOON))).total.minutes == 24 * 60


def test_a_row_that_was_committed_late_is_counted() -> None:
    midnight = day_begins(city_date(NOON))
    yesterday = Days(city_date(NOON - DAY), city_date(NOON - DAY))
    figures_keep(now=midnight - HOUR)
    figures_keep(now=midnight + timedelta(minutes=1))
    make_returned_rental(started_at=midnight - timedelta(seconds=1), minutes=0)
    assert ride_counts(yesterday).total.rides == 0

    assert figures_keep(now=midnight + 2 * HOUR) == 2
    assert ride_counts(yesterday).total.rides == 1
    assert figures_keep(now=midnight + 3 * HOUR) == 1  # today alone


def test_a_run_that_ends_early_continues_in_the_next() -> None:
    make_settled_rental(started_at=NOON - 3 * DAY)
    days = Days(city_date(NOON - 3 * DAY), city_date(NOON))

    assert figures_keep(now=NOON, seconds=-1) == 0
    assert (figures_kept(days).kept_at, figures_kept(days).due) == (None, 4)
    assert figures_keep(now=NOON) == 4
    assert (figures_kept(days).kept_at, figures_kept(days).due) == (NOON, 0)


def test_rides_that_retention_deleted_stay_counted(settings: Settings) -> None:
    settings.RIDE_RETENTION_DAYS = settings.BIKE_LOG_RETENTION_DAYS = 30
    settings.CITY_TIME_ZONE = "UTC"
    station = make_station()
    ride = make_settled_rental(started_at=NOON - 40 * DAY, start_station=station, end_station=station)
    bike_log_repair(now=NOON - 50 * DAY)
    for event_type, state, when in (
        ("trip_start", "rented", NOON - 40 * DAY),
        ("trip_end", "available", NOON - 5 * DAY),
    ):
        where = {"latitude": 59.9, "longitude": 30.3, "actor": "system"}
        BikeEvent.objects.create(bike=ride.bike, happened_at=when, event_types=[event_type], state=state, **where)
    type(ride.bike).objects.update(created_at=NOON - 60 * DAY)
    type(ride).objects.update(settled_at=NOON - 40 * DAY)
    figures_keep(now=NOON)
    kept = rows_kept()
    assert rentals_forget(now=NOON) == 1
    assert bike_events_purge(now=NOON) == 2

    figures_rebuild(now=NOON)

    assert rows_kept() == kept
    assert StationPair.objects.count() == 1


def test_the_command_counts_the_days_and_says_how_many() -> None:
    yesterday = timezone.now() - DAY
    make_returned_rental(started_at=yesterday)
    output = StringIO()
    call_command("figures", "--rebuild", stdout=output)

    assert "2 days were counted" in output.getvalue()
    keep_figures()
    assert ride_counts(Days(city_date(yesterday), city_date(yesterday))).total.rides == 1
    with pytest.raises(CommandError):
        call_command("figures", "--rebuid")


def test_the_database_allows_one_row_of_progress() -> None:
    with pytest.raises(IntegrityError, match="figures_keeping_one_row"):
        Keeping.objects.create(pk=2)
