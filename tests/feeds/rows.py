"""Rows of the feeds as operators write them."""

from datetime import timedelta
from typing import Any

from bikerental.feeds.models import Alert, Region, System
from bikerental.fleet.models import Station
from tests.factories import NOON


def make_system(**fields: Any) -> System:
    values = {
        "system_id": "example_city",
        "languages": "en ru",
        "name": {"en": "Example bikes", "ru": "Велосипеды"},
        "time_zone": "Europe/Riga",
        "opening_hours": "24/7",
        "feed_contact_email": "feeds@example.org",
    }
    return System.objects.create(**values | fields)


def make_region(*stations: Station, **fields: Any) -> Region:
    region = Region.objects.create(**{"name": {"en": "Centre", "ru": "Центр"}} | fields)
    region.stations.set(stations)
    return region


def make_alert(*, stations: tuple[Station, ...] = (), regions: tuple[Region, ...] = (), **fields: Any) -> Alert:
    values: dict[str, Any] = {
        "type": "other",
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=2),
        "summary": {"en": "A race", "ru": "Гонка"},
        "updated_at": NOON,
    }
    alert = Alert.objects.create(**values | fields)
    alert.stations.set(stations)
    alert.regions.set(regions)
    return alert
