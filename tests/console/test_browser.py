"""The console in a real browser: both languages, a desktop's width and a phone's, with rows and without."""

from hashlib import sha256
from typing import Any

import pytest
from django.utils import timezone

from bikerental.figures.services import figures_keep
from bikerental.maintenance.models import BikeReport
from tests.console.viewing import ANSWERS, AXE, CONSOLE, faults_at_each_size, faults_of, log_in
from tests.factories import NOON, make_bike, make_claim, make_rental, make_settled_rental, make_station, make_user
from tests.support.chromium import Browser, needs_chromium


def test_the_vendored_file_is_the_published_one() -> None:
    assert sha256(AXE.read_bytes()).hexdigest() in AXE.with_name("README.md").read_text()


def fill() -> dict[str, Any]:
    """Rows for each page."""
    station = make_station(name="By the old harbour and the fish market", capacity=1)
    bike = make_bike(station=station, created_at=NOON)
    make_bike(station=station, created_at=NOON)
    ride = make_settled_rental(rider=make_user(name="Ann Lee"), end_station=station)
    claim = make_claim(ride, text="I left it at ten past. " * 8, ended_at=ride.ended_at)
    active = make_rental(started_at=timezone.now(), overdue_at=timezone.now())
    BikeReport.objects.create(bike=bike, rider=make_user(), kind="brakes", text="They do not brake. " * 10)
    operator = make_user(is_staff=True, name="Oleg")
    figures_keep(now=timezone.now())
    return {"ride": ride, "claim": claim, "active": active, "bike": bike, "operator": operator}


def pages_of(made: dict[str, Any]) -> list[str]:
    lists = [
        "",
        "rides/now/",
        "reports/",
        "stations/full/",
        "idle/",
        "messages/",
        "riders/",
        "claims/",
        "figures/",
        "figures/?since=2026-02-30&until=",
        "operators/",
        "log/",
        "service/",
        "fleet/",
        "fleet/files/",
        "fleet/codes/",
        "no/",
    ]
    if not made:
        return lists
    ride, rider = made["ride"], made["ride"].rider_id
    return [
        *lists, "riders/?q=rider", f"riders/{rider}/", f"riders/{rider}/block/", f"riders/{rider}/refund/RUB/",
        f"ride/{ride.pk}/", f"ride/{made['active'].pk}/end/", f"ride/{ride.pk}/correct/", f"bikes/{made['bike'].pk}/",
        f"claims/{made['claim'].pk}/", f"operators/{made['operator'].pk}/",
    ]  # fmt: skip


class TestPages:
    pytestmark = needs_chromium

    @pytest.mark.parametrize("is_full", [True, False], ids=["full", "empty"])
    def test_no_page_has_a_fault(self, site: str, browser: Browser, is_full: bool) -> None:
        made = fill() if is_full else {}
        faults = {}
        for size, language in ANSWERS:
            log_in(browser, site, language)
            for page in pages_of(made):
                if found := faults_of(browser, f"{site}{CONSOLE}{page}", size=size):
                    faults[size, language, page] = found

        assert faults == {}

    def test_each_kind_of_fault_is_found(self, site: str, browser: Browser) -> None:
        log_in(browser, site, "en")
        page = f"{site}{CONSOLE}"
        assert faults_of(browser, page, size="phone") == []
        browser.value("document.querySelector('main').innerHTML += '<img src=x><p style=\"color: #ccc\">pale</p>'")
        browser.value("document.querySelector('main').lastElementChild.style.width = '1000px'")

        assert [fault.partition(": <")[0] for fault in faults_at_each_size(browser)] == [
            "desk: image-alt", "phone: image-alt", "phone: scrolls sideways",
        ]  # fmt: skip
        assert any("Content Security Policy" in complaint for complaint in browser.complaints)

    def test_a_form_is_sent_once_by_two_clicks(self, site: str, browser: Browser) -> None:
        made = fill()
        log_in(browser, site, "en")
        browser.open(f"{site}{CONSOLE}ride/{made['active'].pk}/end/", until="!!document.querySelector('#id_reason')")
        browser.value("document.querySelector('#id_reason').value = 'stuck'")
        browser.value("for (const _ of [1, 2]) document.querySelector('form[data-once] button').click()")
        browser.wait_for("!!document.querySelector('.messages')")

        assert browser.value("document.querySelector('.messages').innerText") == (
            "The ride has ended; the rider gets the receipt."
        )

    def test_the_page_today_renews_its_figures(self, site: str, browser: Browser) -> None:
        log_in(browser, site, "en")
        browser.open(f"{site}{CONSOLE}", until="!!document.querySelector('[data-live=figures]')")
        first = "document.querySelector('.task .figure').innerText"
        assert browser.value(first) == "0"
        make_claim()

        browser.value("document.dispatchEvent(new Event('visibilitychange'))")  # as by the clock
        browser.wait_for(f"{first} == '1'")
