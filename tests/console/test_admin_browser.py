"""The landing page, the admin and error pages in a real browser, at a desktop's width and a phone's."""

import json

from django.urls import reverse

from bikerental.maintenance.models import BikeReport
from bikerental.notifications.models import Notification
from tests.clients import operator_client
from tests.console.viewing import ANSWERS, faults_of, resize
from tests.factories import NOON, make_bike, make_rental, make_settled_rental, make_station, make_user
from tests.feeds.rows import make_alert, make_region, make_system
from tests.support.chromium import Browser, needs_chromium

pytestmark = needs_chromium


def fill() -> list[str]:
    """Rows of every kind of page, and the pages."""
    rider, station = make_user(name="Ann Lee", email="a-rather-long-address@mail.example.org"), make_station()
    ride, _settled = make_rental(rider=rider), make_settled_rental(rider=rider)
    BikeReport.objects.create(bike=make_bike(station=station), rider=rider, kind="brakes", text="No brakes. " * 10)
    mail = Notification.objects.create(
        kind="receipt", recipient=rider, key="1", language="en", state="sent", sent_at=NOON, attempts=1
    )
    make_system()
    make_alert(regions=(make_region(station),))
    return [
        "/",
        "/admin/nowhere/",
        reverse("admin:index"),
        reverse("admin:rentals_rental_changelist"),
        reverse("admin:maintenance_bikereport_changelist"),
        reverse("admin:rentals_rental_change", args=[ride.pk]),
        reverse("admin:notifications_notification_change", args=[mail.pk]),
        reverse("admin:feeds_system_change", args=[1]),
        reverse("admin:feeds_alert_add"),
        reverse("admin:rentals_rental_end", args=[ride.pk]),
    ]


def test_no_page_has_a_fault(site: str, browser: Browser) -> None:
    pages = fill()
    operator = operator_client()
    faults = {}
    for size, language in ANSWERS:
        browser.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        for page in ["/admin/login/", *pages]:
            if found := faults_of(browser, site + page, size=size):
                faults[size, page] = found
            if page == "/admin/login/":
                session = operator.cookies["sessionid"].value
                browser.call("Network.setCookie", name="sessionid", value=session, url=f"{site}/admin/")
        browser.call("Network.clearBrowserCookies")

    assert not faults, json.dumps([(*where, found) for where, found in faults.items()], indent=1)


def test_the_action_of_a_ride_is_not_cut_off(site: str, browser: Browser) -> None:
    fill()
    operator = operator_client()
    browser.call("Network.setCookie", name="sessionid", value=operator.cookies["sessionid"].value, url=f"{site}/admin/")
    resize(browser, "desk")

    for name in ("rentals_rental", "billing_entry"):
        browser.open(site + reverse(f"admin:{name}_changelist"), until="!!document.querySelector('#result_list')")
        table = "document.querySelector('#changelist-form .results')"
        browser.wait_for(f"{table}.scrollWidth <= {table}.clientWidth")
