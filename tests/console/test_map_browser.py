"""The map in a real browser: it keeps the policy, and an operator's actions reach the database."""

import time

from django.test import Client
from django.utils import timezone

from bikerental.console.models import Action
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.services import bikes_send_to_maintenance
from bikerental.zones.models import Zone
from tests.console.conftest import browser_of
from tests.console.viewing import ANSWERS, faults_at_each_size, resize, violations_of
from tests.factories import make_bike, make_station, make_user
from tests.support.chromium import Browser, needs_chromium
from tests.support.waiting import wait_until
from tests.zones.drawing import make_zone, polygon, square

pytestmark = needs_chromium
READY = "document.getElementById('map')?.dataset.ready === 'yes'"
WAIT_SECONDS = 20
# Counts the requests, and how often the clock of the page asked for one. The clock runs ten times as fast.
COUNTING = """
    var asked = 0, ticks = 0;
    const [realFetch, realInterval] = [fetch, setInterval];
    window.fetch = (...given) => { asked += 1; return realFetch(...given); };
    window.setInterval = (act, period) => realInterval(() => { ticks += 1; act(); }, period / 10);
"""


def log_in(browser: Browser, site: str, client: Client, *, language: str = "en") -> None:
    for name, value in (("sessionid", client.cookies["sessionid"].value), ("django_language", language)):
        browser.call("Network.setCookie", name=name, value=value, url=f"{site}/admin/")


def press(browser: Browser, text: str) -> None:
    """Press the button with this text, when it is there."""
    found = f"[...document.querySelectorAll('button')].find((each) => each.textContent.trim() === {text!r})"
    browser.wait_for(f"!!({found})")
    browser.value(f"({found}).click()")


def centre_of(browser: Browser, selector: str) -> tuple[float, float]:
    browser.wait_for(f"!!document.querySelector({selector!r})")
    script = f"(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"  # noqa: E501
    x, y = browser.value(script)
    return x, y


def mouse(browser: Browser, kind: str, x: float, y: float, held: int = 0) -> None:
    button = "none" if kind == "mouseMoved" and not held else "left"
    browser.call(
        "Input.dispatchMouseEvent",
        type=kind,
        x=x,
        y=y,
        button=button,
        buttons=held,
        clickCount=int(held or kind == "mouseReleased"),
    )


def click(browser: Browser, x: float, y: float) -> None:
    mouse(browser, "mouseMoved", x, y)
    mouse(browser, "mousePressed", x, y, 1)
    mouse(browser, "mouseReleased", x, y)


def drag(browser: Browser, start: tuple[float, float], by: tuple[float, float]) -> None:
    (x, y), (across, down) = start, by
    mouse(browser, "mouseMoved", x, y)
    mouse(browser, "mousePressed", x, y, 1)
    for part in (0.1, 0.4, 0.7, 1):
        mouse(browser, "mouseMoved", x + across * part, y + down * part, 1)
    mouse(browser, "mouseReleased", x + across, y + down)


def make_city() -> Bike:
    make_zone(polygon(square(30.25, 59.90, 30.40, 59.96)), name="Centre")
    make_station(name="Quay", latitude=59.94, longitude=30.30, capacity=4)
    make_bike(number="HC-2", station=make_station(name="Park", latitude=59.93, longitude=30.34, capacity=1))
    make_bike(number="HC-3", status="maintenance", latitude=59.92, longitude=30.27)
    return make_bike(number="HC-1", latitude=59.925, longitude=30.32)


def test_the_map_breaks_no_policy_and_fits(site: str, browser: Browser) -> None:
    make_city()
    for size, language in ANSWERS:
        log_in(browser, site, browser_of("manager"), language=language)
        resize(browser, size)

        complaints = browser.open(f"{site}/admin/console/map/", until=READY)

        assert browser.value("document.documentElement.lang") == language
        assert browser.value("document.querySelectorAll('.leaflet-marker-icon .station-symbol').length") == 2
        assert browser.value("document.querySelectorAll('.leaflet-marker-icon .bike-symbol').length") == 2
        assert [*complaints, *faults_at_each_size(browser)] == []


def test_actions_on_the_map_are_written_to_the_database(site: str, browser: Browser) -> None:
    bike = make_city()
    log_in(browser, site, browser_of("manager"))
    resize(browser, "desk")
    browser.open(f"{site}/admin/console/map/", until=READY)

    # Takes a bike out of service.
    click(browser, *centre_of(browser, ".leaflet-marker-icon[title^='HC-1']"))
    press(browser, "Take out of service")
    press(browser, "Save")
    wait_until(lambda: Bike.objects.get(pk=bike.pk).status == "maintenance", WAIT_SECONDS, "maintenance of the bike")
    browser.wait_for("!!document.querySelector(\".leaflet-marker-icon[title='HC-1, maintenance']\")")

    # Drags it.
    click(browser, *centre_of(browser, ".leaflet-marker-icon[title^='HC-1']"))
    press(browser, "Move")
    assert violations_of(browser) == []
    drag(browser, centre_of(browser, ".place-symbol"), (60, -40))
    press(browser, "Save")
    wait_until(lambda: Bike.objects.get(pk=bike.pk).longitude > bike.longitude, WAIT_SECONDS, "the move")
    assert Bike.objects.get(pk=bike.pk).latitude > bike.latitude

    # Adds a station by a click.
    press(browser, "Add a station")
    x, y = centre_of(browser, "#map")
    browser.wait_for("!!document.querySelector('#id_capacity')")
    click(browser, x - 40, y - 60)
    browser.value("document.querySelector('#id_name').value = 'Gate'; document.querySelector('#id_capacity').value = 9")
    press(browser, "Save")
    wait_until(lambda: Station.objects.filter(name="Gate", capacity=9).exists(), WAIT_SECONDS, "the new station")

    # Draws a zone.
    press(browser, "Draw a zone")
    browser.wait_for("!!document.querySelector('#id_shape')")
    assert browser.value("document.querySelector('#id_shape').value") == ""
    for across, down in ((-80, -80), (80, -80), (80, 80)):
        click(browser, x + across, y + down)
        time.sleep(0.4)  # two clicks within 0.2 s are one double click
    browser.value("document.querySelector('#id_name').value = 'Square'")
    browser.value("document.querySelector('#id_kind').value = 'no_return'")
    press(browser, "Save")
    wait_until(lambda: Zone.objects.filter(name="Square", points=4).exists(), WAIT_SECONDS, "the new zone")

    kinds = list(Action.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["bike_out", "bike_moved", "station_added", "zone_added"]
    assert browser.complaints == []


def test_changes_of_others_arrive_and_a_hidden_map_asks_nothing(site: str, browser: Browser) -> None:
    bike = make_city()
    log_in(browser, site, browser_of("viewer"))
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=COUNTING)
    browser.open(f"{site}/admin/console/map/", until=READY)
    bikes_send_to_maintenance(bike_ids=[bike.pk], operator_id=make_user().pk, now=timezone.now())

    browser.wait_for("!!document.querySelector(\".leaflet-marker-icon[title='HC-1, maintenance']\")")
    browser.value("Object.defineProperty(document, 'hidden', {get: () => true})")
    browser.wait_until_idle()
    asked, ticks = browser.value("asked"), browser.value("ticks")
    browser.wait_for(f"ticks > {ticks + 2}")

    assert asked > 0
    assert browser.value("asked") == asked
