"""The page of figures and its files, with a few rows. tests/figures checks all figures."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.billing.models import Account
from bikerental.billing.services import entry_reverse, payment_book, payment_refund, ride_adjust
from bikerental.billing.types import Booking
from bikerental.console.selectors.today import today
from bikerental.core.days import city_date, day_begins
from bikerental.figures.services import figures_keep
from bikerental.fleet.services import bike_log_repair
from tests.console.viewing import log_in, resize
from tests.factories import make_bike, make_model, make_returned_rental, make_settled_rental, make_station, make_user
from tests.support.chromium import Browser, needs_chromium

PAGE = "/admin/console/figures/"
DAY = timedelta(days=1)
STATEMENTS_MAX = 22  # with session, user and permissions


def make_city() -> None:
    """Yesterday at noon three rides of one bike, two of them from the same station, and one ride the week before."""
    noon = day_begins(city_date(timezone.now()) - DAY) + timedelta(hours=12)
    station = make_station(name="=Harbour", capacity=10)
    bike = make_bike(model=make_model(name="Cargo"), created_at=noon - 20 * DAY)
    bike_log_repair(now=noon - 20 * DAY)
    for start, minutes in ((noon - 7 * DAY, 10), (noon, 20), (noon + timedelta(hours=1), 40)):
        ride = make_returned_rental(minutes, bike=bike, started_at=start, start_station=station, end_station=station)
    make_settled_rental(20, bike=bike, started_at=noon + timedelta(hours=4), start_station=None, end_station=station)
    assert ride.start_station_id == station.pk
    figures_keep(now=timezone.now())


def address(days: int) -> str:
    last = city_date(timezone.now()) - DAY
    return f"since={last - (days - 1) * DAY}&until={last}"


def file_of(client: Client, table: str, days: int = 7) -> list[list[str]]:
    answer = client.get(f"{PAGE}{table}/?{address(days)}")
    assert answer.status_code == 200
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.django_db
class TestPage:
    def test_the_page_compares_days_with_those_before(self, manager: Client) -> None:
        make_city()
        page = manager.get(f"{PAGE}?{address(7)}")
        keys = {str(key.label): key.values for key in page.context["keys"]}

        assert keys["Rides"] == [3, 1]
        assert [round(value, 3) for value in keys["Trips a bike and day"]] == [0.429, 0.143]
        assert keys["Time free"] == [1, 1]
        assert keys["Median idle time"] == (140, None)
        assert [round(value, 1) for value in keys["Mean length"]] == [26.7, 10.0]
        text = page.content.decode()
        assert "+200%" in text
        assert "Days are those of Europe/Moscow" in text
        assert "beside" not in text

    def test_the_statements_do_not_grow_with_the_days(self, manager: Client) -> None:
        make_city()
        manager.get(PAGE)
        counts = []
        for days in (1, 91):
            with CaptureQueriesContext(connection) as made:
                assert manager.get(f"{PAGE}?{address(days)}").status_code == 200
            counts.append(len(made))

        assert counts[0] == counts[1] <= STATEMENTS_MAX

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ("since=2026-03-02&until=2026-03-01", "This is before the first day."),
            ("since=2025-01-01&until=2026-01-02", "Choose 366 days at most."),
            ("since=1999-12-31&until=2000-01-01", "There are no figures of that time."),
            ("since=2026-01-01&until=9999-12-31", "This day has not begun yet."),
            ("since=2026-02-30&until=2026-03-01", "Enter a valid date."),
            ("until=2026-03-01", "This field is required."),
        ],
    )
    def test_impossible_days_are_refused_with_the_reason(self, manager: Client, asked: str, said: str) -> None:
        page = manager.get(f"{PAGE}?{asked}")

        assert (page.status_code, said in page.content.decode()) == (422, True)
        assert manager.get(f"{PAGE}rides-by-day/?{asked}").status_code == 404

    def test_without_figures_the_page_says_what_to_do(self, manager: Client) -> None:
        assert "manage.py figures" in manager.get(PAGE).content.decode()
        make_returned_rental(started_at=timezone.now() - 90 * DAY)
        figures_keep(now=timezone.now())
        page = manager.get(PAGE).content.decode()

        last = city_date(timezone.now() - 90 * DAY)
        assert f"?since={last - 27 * DAY}&amp;until={last}" in page

    def test_figures_that_are_not_renewed_are_shown_as_late(self, manager: Client) -> None:
        figures_keep(now=timezone.now() - timedelta(hours=3))
        assert "The figures are late" in manager.get(PAGE).content.decode()
        figures_keep(now=timezone.now())
        assert "The figures are late" not in manager.get(PAGE).content.decode()


@pytest.mark.django_db
class TestFiles:
    def test_a_file_has_what_the_page_shows(self, manager: Client) -> None:
        make_city()
        yesterday = str(city_date(timezone.now()) - DAY)

        assert file_of(manager, "rides-by-day")[0] == ["Day", "Rides", "before", "Cancelled", "Mean length"]
        assert file_of(manager, "rides-by-day")[-1] == [yesterday, "3", "1", "0", "26.6667"]
        assert [row for row in file_of(manager, "rides-by-hour") if row[1] == "1"] == [
            ["12", "1", "1"], ["13", "1", "0"], ["16", "1", "0"],
        ]  # fmt: skip
        assert sum(int(row[1]) for row in file_of(manager, "rides-by-weekday")[1:]) == 3
        assert file_of(manager, "bikes-by-day")[-1] == [yesterday, "3.0", "1.0", "1.0", "1.0", "140"]
        assert file_of(manager, "models")[1] == ["Cargo", "3", "1", "1.0", "26.6667", "0.4286", "1.0"]

    def test_a_name_is_not_run_as_a_formula(self, manager: Client) -> None:
        make_city()
        answer = manager.get(f"{PAGE}stations/?{address(7)}")

        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="stations-2')
        assert file_of(manager, "stations")[1] == ["'=Harbour", "10", "2", "3", "5", "2", "0.0714"]
        assert file_of(manager, "pairs")[1:] == [
            ["'=Harbour", "'=Harbour", "2", "1"],
            ["in the street", "'=Harbour", "1", "0"],
        ]

    def test_each_currency_has_a_table_of_its_own(self, manager: Client) -> None:
        ride, now = make_settled_rental(started_at=timezone.now() - 2 * DAY), timezone.now() - DAY
        account = Account.objects.get(rider=ride.rider)

        def booking(key: str) -> Booking:
            return Booking(key, make_user().pk, "because", now)

        payment_book(account_id=account.pk, amount=Decimal(100), booking=booking("a"))
        ride_adjust(rental_id=ride.pk, amount=Decimal(40), booking=booking("b"))
        undone = payment_refund(account_id=account.pk, amount=Decimal(30), booking=booking("c"))
        undoing = entry_reverse(entry_id=undone.pk, booking=booking("d"))
        entry_reverse(entry_id=undoing.pk, booking=booking("e"))  # so the refund is in force
        figures_keep(now=timezone.now())

        assert file_of(manager, "money-RUB")[-1] == [str(city_date(now)), "0.00", "0", "40.00", "30.00"]
        assert today(now=now).money == [("RUB", Decimal(0), Decimal(40), Decimal(30))]
        assert manager.get(f"{PAGE}money-EUR/?{address(7)}").status_code == 404


class TestBrowser:
    pytestmark = needs_chromium

    def test_charts_are_drawn_from_the_tables(self, site: str, browser: Browser) -> None:
        make_city()
        log_in(browser, site, "ru")
        resize(browser, "phone")
        complaints = browser.open(f"{site}{PAGE}?{address(7)}", until="document.querySelectorAll('canvas').length == 4")
        summary = "document.querySelector('.charted summary')"
        browser.value(f"{summary}.focus()")
        browser.call(
            "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
        )
        legend = browser.value(
            "[...document.querySelector('.u-legend').querySelectorAll('.u-label')].map(e => e.innerText)"
        )

        assert complaints == []
        assert browser.value(f"{summary}.parentElement.open") is True
        assert browser.value("document.querySelector('#rides-by-day tbody tr:last-child td').innerText") == "3"
        assert legend == ["День", "Поездки", "Раньше"]
