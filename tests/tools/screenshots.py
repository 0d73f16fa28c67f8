"""`make screenshots`: pages of the console as pictures for the docs, from the invented city, by a headless Chromium.

The city is the same each time, but its past ends now, so times and dates differ.
"""

import base64
import os
import sys
import tempfile
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import django
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from compose.bare.progress import UserError, step
from tests.support.chromium import PATH, Browser, chromium

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
QUALITY = 80  # of 100: text stays sharp
RIDING = 14  # riders who are on their way
DRAWN = "document.readyState === 'complete'"
CHARTS_DRAWN = "document.querySelectorAll('canvas').length >= 4"
MAP_DRAWN = "document.getElementById('map')?.dataset.ready === 'yes'"


class Shot(NamedTuple):
    """`page` is the name of its route."""

    page: str
    width: int
    height: int = 900
    until: str = DRAWN

    @property
    def file(self) -> str:
        return f"console-{self.page}-{self.width}.webp"


SHOTS = (
    Shot("today", 1440),
    Shot("today", 390, 844),
    Shot("map", 1440, until=MAP_DRAWN),
    Shot("claims", 1440),
    Shot("figures", 1440, until=CHARTS_DRAWN),
)


def main() -> int:
    if PATH is None:
        sys.stderr.write("Chromium is not installed: apt-get install chromium\n")
        return 1
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    django.setup()
    try:
        with step("Making the city"):
            make_city()
        with tempfile.TemporaryDirectory(prefix="bikerental-shots-") as folder:
            take_all(Path(folder))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def make_city() -> None:
    from bikerental.demo.riders import demo_riders
    from bikerental.fleet.models import Bike
    from bikerental.observe.heartbeat import heartbeat_record
    from bikerental.rentals.services import rental_start

    call_command("migrate", verbosity=0)
    call_command("seed_demo", users=200, rentals=15_000, stdout=StringIO())
    bikes = Bike.objects.filter(status="available").order_by("number").values_list("pk", flat=True)
    for rider_id, bike_id in zip(demo_riders(limit=RIDING), bikes[:: len(bikes) // RIDING], strict=False):
        rental_start(rider_id=rider_id, bike_id=bike_id, now=timezone.now())
    for name in ("beat", "backup"):
        heartbeat_record(name=name, now=timezone.now())


def take_all(folder: Path) -> None:
    from tests.live import web_server

    IMAGES.mkdir(exist_ok=True)
    with web_server(folder / "web.log", processes=1) as site, chromium(folder / "profile") as browser:
        session = session_of_operator()
        for name, value in ((settings.SESSION_COOKIE_NAME, session), (settings.LANGUAGE_COOKIE_NAME, "en")):
            browser.call("Network.setCookie", name=name, value=value, url=f"{site}/")
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        for shot in SHOTS:
            with step(f"Taking {shot.file}"):
                (IMAGES / shot.file).write_bytes(taken(browser, site, shot))


def session_of_operator() -> str:
    from bikerental.demo.constants import DEMO_ADMIN_EMAIL
    from bikerental.users.models import User

    client = Client()
    client.force_login(User.objects.get(email=DEMO_ADMIN_EMAIL))
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def taken(browser: Browser, site: str, shot: Shot) -> bytes:
    from django.urls import reverse

    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=shot.width,
        height=shot.height,
        deviceScaleFactor=1,
        mobile=shot.width < 500,
    )
    complaints = browser.open(site + reverse(f"console:{shot.page}"), until=shot.until)
    if complaints:
        raise UserError(f"{shot.page}: {complaints}")
    picture = browser.call("Page.captureScreenshot", format="webp", quality=QUALITY)["data"]
    return base64.b64decode(picture)


if __name__ == "__main__":
    sys.exit(main())
