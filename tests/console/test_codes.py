"""QR codes of bikes: the API finds a bike by what a phone reads."""

import re

import pytest
import zxingcpp
from django.test import Client
from PIL import Image, ImageDraw
from pytest_django import Settings

from bikerental.console.documents import code_picture, code_text
from bikerental.fleet.numbers import number_key, number_key_typed
from tests.factories import make_bike, make_model, make_tariff

CODES = "/admin/console/fleet/codes/"
PATH = re.compile(r'<path[^>]* d="([^"]+)"')
STEP = re.compile(r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?")
SCALE = 8


def scan(svg: str) -> str:
    """What a phone reads of the picture, which has one line of modules after another."""
    [size] = map(int, re.findall(r'viewBox="0 0 (\d+) \1"', svg))
    image = Image.new("L", (size * SCALE, size * SCALE), 255)
    draw, x, y = ImageDraw.Draw(image), 0.0, 0.0
    [path] = PATH.findall(svg)
    for letter, first, second in STEP.findall(path):
        if letter == "h":
            draw.rectangle(
                [x * SCALE, (y - 0.5) * SCALE, (x + float(first)) * SCALE - 1, (y + 0.5) * SCALE - 1], fill=0
            )
            x += float(first)
        else:
            x, y = (float(first), float(second)) if letter == "M" else (x + float(first), y + float(second))
    [code] = zxingcpp.read_barcodes(image)
    return str(code.text)


@pytest.mark.parametrize("address", ["", "https://rent.example/b/{number}", "https://rent.example/?number={number}"])
@pytest.mark.parametrize("number", ["D-000006", "Б-17", "A/1", "=1+1", "@ 9", "-5", "Ж & ?#1", "9" * 32])
def test_the_api_finds_a_bike_by_its_scanned_code(number: str, address: str) -> None:
    said = scan(code_picture(code_text(number, address=address)))

    assert number_key_typed(said) == number_key(number)
    assert not said.startswith(("=", "+", "-", "@"))


@pytest.mark.django_db
def test_the_chosen_bikes_are_printed_twelve_to_a_sheet(manager: Client, settings: Settings) -> None:
    settings.BIKE_CODE_URL = "https://rent.example/b/{number}"
    model, tariff = make_model(), make_tariff()
    bikes = [make_bike(number=f"B-{number:02}", model=model, tariff=tariff) for number in range(14)]

    page = manager.get(CODES, {"bike": [bike.pk for bike in bikes[1:]]}).content.decode()

    sheets = page.split('<ul class="codes">')[1:]
    assert [sheet.count("<svg") for sheet in sheets] == [12, 1]
    assert re.findall(r"<strong>([^<]+)</strong>", page) == [bike.number for bike in bikes[1:]]
    assert scan(sheets[1]) == "https://rent.example/b/B-13"


@pytest.mark.django_db
def test_without_a_choice_all_filtered_bikes_are_printed(manager: Client) -> None:
    model, tariff = make_model(), make_tariff()
    for number in range(241):
        make_bike(number=f"B-{number:03}", model=model, tariff=tariff)

    first = manager.get(CODES, {"q": "b"}).content.decode()
    [further] = re.findall(r'href="\?(q=b&amp;after=[^"]+)"', first)

    assert first.count("<svg") == 240
    assert manager.get(f"{CODES}?{further.replace('&amp;', '&')}").content.decode().count("<svg") == 1
    assert manager.get(CODES, {"bike": "x"}).status_code == 404
