"""The system, its regions and alerts in the files of GBFS, by the official schemas of both versions."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import gbfs_validator
import pytest
from django.utils import timezone
from jsonschema import Draft7Validator, FormatChecker  # type: ignore[import-untyped] # brings no types

from tests.factories import make_station
from tests.feeds.feed import build, file, stations
from tests.feeds.rows import make_alert, make_region, make_system

pytestmark = pytest.mark.django_db(transaction=True)
SCHEMAS = Path(gbfs_validator.__file__).parent / "data" / "schemas"
DAY = date(2026, 5, 1)
FULL: dict[str, Any] = {
    "short_name": {"en": "EB", "ru": "ПВ"},
    "operator": {"en": "Example Ltd", "ru": "ООО «Пример»"},
    "start_date": DAY,
    "url": "https://example.org",
    "phone_number": "+12025550100",
    "email": "riders@example.org",
    "license_id": "ODbL-1.0",
    "attribution_name": {"en": "Example", "ru": "Пример"},
    "attribution_url": "https://example.org/source",
    "terms_url": {"en": "https://example.org/en", "ru": "https://example.org/ru"},
    "terms_updated_on": DAY,
    "privacy_url": {"en": "https://example.org/p/en", "ru": "https://example.org/p/ru"},
    "privacy_updated_on": DAY,
    "android_store_uri": "https://example.org/store",
    "android_discovery_uri": "app://open",
    "ios_store_uri": "https://example.org/ios",
    "ios_discovery_uri": "app://open",
    "brand_image_url": "https://example.org/logo.svg",
    "brand_updated_on": DAY,
    "brand_color": "#1a7f37",
}


def faults(path: str, name: str) -> list[str]:
    schema = json.loads((SCHEMAS / ("v3.0" if path.startswith("3") else "v2.3") / f"{name}.json").read_text())
    errors = Draft7Validator(schema, format_checker=FormatChecker()).iter_errors(file(f"{path}/{name}"))
    return [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("path", ["3", "2/en", "2/ru"])
def test_a_feed_with_every_field_filled_in_is_valid(path: str) -> None:
    make_system(**FULL)
    station = make_station()
    region, now = make_region(station), timezone.now()
    texts = {"en": "https://example.org/en", "ru": "https://example.org/ru"}
    make_alert(stations=(station,), regions=(region,), ends_at=now + timedelta(days=1), url=texts)
    make_alert(ends_at=None, description={"en": "More", "ru": "Больше"})

    build()

    names = ("system_information", "system_regions", "system_alerts")
    assert [fault for name in names for fault in faults(path, name)] == []


def test_each_version_has_the_licence_in_its_own_field() -> None:
    make_system(**FULL)

    build()

    third, second = file("3/system_information")["data"], file("2/ru/system_information")["data"]
    assert (third["license_id"], "license_url" in third) == ("ODbL-1.0", False)
    assert (second["license_url"], "license_id" in second) == ("https://spdx.org/licenses/ODbL-1.0.html", False)
    assert (second["language"], second["operator"]) == ("ru", "ООО «Пример»")
    assert third["operator"] == [
        {"text": "Example Ltd", "language": "en"},
        {"text": "ООО «Пример»", "language": "ru"},
    ]
    assert third["brand_assets"] == {
        "brand_last_modified": "2026-05-01",
        "brand_image_url": "https://example.org/logo.svg",
        "color": "#1a7f37",
    }


def test_fields_left_empty_are_left_out() -> None:
    make_system(license_url="https://example.org/licence")

    build()

    assert set(file("3/system_information")["data"]) == {
        *("system_id", "languages", "name", "timezone", "opening_hours", "feed_contact_email", "license_url")
    }
    assert "3/system_regions.json" not in json.dumps(file("3/gbfs"))
    assert file("3/system_alerts")["data"] == {"alerts": []}


def test_alerts_and_stations_name_rows_that_the_feed_has() -> None:
    station = make_station()
    region = make_region(station)
    make_alert(stations=(station,), regions=(region,), ends_at=None)
    make_alert(ends_at=timezone.now() - timedelta(seconds=1))

    build()

    (alert,) = file("3/system_alerts")["data"]["alerts"]
    (shown,) = file("3/system_regions")["data"]["regions"]
    (place,) = stations("3/station_information")
    assert alert["station_ids"] == [place["station_id"]]
    assert alert["region_ids"] == [shown["region_id"]] == [place["region_id"]]
    assert alert["times"] == [{"start": "2026-06-15T12:00:00Z"}]
