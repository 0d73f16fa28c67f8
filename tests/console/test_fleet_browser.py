"""The fleet's files and QR codes in a real browser: loading a file, and printing codes."""

import base64
import re
from pathlib import Path

import zxingcpp
from PIL import Image

from bikerental.fleet.models import Bike
from tests.console.viewing import CONSOLE, log_in, resize, violations_of
from tests.factories import make_model, make_station, make_tariff
from tests.support.chromium import Browser, needs_chromium

HEAD = "number,model,tariff,station\n"


class TestFleet:
    pytestmark = needs_chromium

    def test_an_operator_loads_a_file_and_prints_its_codes(self, site: str, browser: Browser, tmp_path: Path) -> None:
        make_station(name="By the old harbour and the fish market")
        make_model(name="Sprint")
        make_tariff(name="Day")
        lines = [f"D-{number:06},Sprint,Day,By the old harbour and the fish market\n" for number in range(14)]
        log_in(browser, site, "en")
        resize(browser, "phone")

        check(browser, site, tmp_path, [*lines[:9], "D-9,Sprintt,Day,\n", *lines[10:]])
        assert "11 model There is none of the name “Sprintt”." in words(browser, "main .table")
        assert violations_of(browser) == []

        check(browser, site, tmp_path, lines)
        assert words(browser, "main .table tbody") == "Bikes 14 0 0"
        assert (violations_of(browser), Bike.objects.count()) == ([], 0)
        browser.value("for (const _ of [1, 2]) document.querySelector('form[action$=\"apply/\"] button').click()")
        browser.wait_for("!!document.querySelector('.messages')")
        assert words(browser, ".messages") == "Written. Stations: 0 new, 0 changed. Bikes: 14 new, 0 changed."
        assert Bike.objects.count() == 14

        resize(browser, "desk")
        browser.open(f"{site}{CONSOLE}fleet/", until="!!document.querySelector('input[name=bike]')")
        browser.value("for (const box of document.querySelectorAll('input[name=bike]')) box.click()")
        browser.value("document.querySelector('form[action$=\"codes/\"] button').click()")
        browser.wait_for("document.querySelectorAll('.codes svg').length == 14")
        browser.wait_until_idle()
        assert sorted(scanned(browser, tmp_path)) == [f"D-{number:06}" for number in range(14)]
        assert pages_of_print(browser) == 2


def check(browser: Browser, site: str, folder: Path, lines: list[str]) -> None:
    file = folder / "bikes.csv"
    file.write_text(HEAD + "".join(lines))
    browser.open(f"{site}{CONSOLE}fleet/files/", until="!!document.querySelector('#id_bikes')")
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    field = browser.call("DOM.querySelector", nodeId=root, selector="#id_bikes")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=field, files=[str(file)])
    browser.value("document.querySelector('form[enctype] button').click()")
    browser.wait_for("!!document.querySelector('main .table')")


def words(browser: Browser, selector: str) -> str:
    return " ".join(str(browser.value(f"document.querySelector('{selector}').innerText")).split())


def scanned(browser: Browser, folder: Path) -> list[str]:
    """What a phone reads of the page, as it looks on the screen."""
    picture = folder / "codes.png"
    shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
    picture.write_bytes(base64.b64decode(shot["data"]))
    with Image.open(picture) as image:
        return [code.text for code in zxingcpp.read_barcodes(image.convert("L"))]


def pages_of_print(browser: Browser) -> int:
    pdf = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    sizes = re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)[.\d]*\]", pdf)
    assert set(sizes) <= {(b"595", b"841"), (b"594", b"841"), (b"595", b"842"), (b"596", b"842"), (b"594", b"842")}
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))
