"""What names the system, its regions and its alerts."""

from datetime import datetime

from django.conf import settings

from bikerental.feeds.types import AlertRow, RegionRow, SystemRow


def system_row() -> SystemRow:
    name = {"en": "Bike rental", "ru": "Прокат велосипедов"}
    return SystemRow("bikerental", ("en", "ru"), settings.CITY_TIME_ZONE, "24/7", name, "feeds@bikerental.example")


def region_rows() -> list[RegionRow]:
    return []


def alert_rows(*, now: datetime) -> list[AlertRow]:
    return []
