"""The invented city's data for the public feeds: its name, its two regions and alerts of several kinds."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from bikerental.demo.city import NAMESPACE
from bikerental.feeds.constants import AlertType
from bikerental.feeds.models import Alert, Region, RegionStation, System
from bikerental.fleet.models import Station

SITE = "https://demo-city.example"
# The river divides the city. Its islands are the north.
RIVER_LATITUDE = 59.94
NORTH = {"en": "North bank", "ru": "Северный берег"}
SOUTH = {"en": "South bank", "ru": "Южный берег"}


def write_feeds(*, opened_at: datetime, now: datetime) -> None:
    """Call it after the stations."""
    system(opened_at.date()).save(force_insert=True)
    stations = list(Station.objects.order_by("name"))
    north, south = (Region(id=_id("region", name["en"]), created_at=opened_at, name=name) for name in (NORTH, SOUTH))
    Region.objects.bulk_create([north, south])
    RegionStation.objects.bulk_create(
        RegionStation(station=station, region=north if station.latitude > RIVER_LATITUDE else south)
        for station in stations
    )
    for alert, about, regions in alerts(opened_at, now, stations, north):
        alert.save(force_insert=True)
        alert.stations.set(about)
        alert.regions.set(regions)


def system(opened_on: date) -> System:
    return System(
        system_id="demo_city",
        languages="en ru",
        name={"en": "Demo City Bikes", "ru": "Велосипеды Демо-сити"},
        short_name={"en": "DCB", "ru": "ВДС"},
        operator={"en": "Demo City Transport", "ru": "Транспорт Демо-сити"},
        time_zone="Europe/Moscow",
        opening_hours="Apr-Oct 06:00-24:00; Nov-Mar 08:00-20:00",
        start_date=opened_on,
        url=SITE,
        phone_number="+12025550100",
        email="riders@demo-city.example",
        feed_contact_email="feeds@demo-city.example",
        license_id="CC0-1.0",
        terms_url=_pages("terms"),
        terms_updated_on=opened_on,
        privacy_url=_pages("privacy"),
        privacy_updated_on=opened_on,
        android_store_uri=f"{SITE}/android",
        android_discovery_uri="demo-city://open",
        ios_store_uri=f"{SITE}/ios",
        ios_discovery_uri="demo-city://open",
    )


def _pages(name: str) -> dict[str, str]:
    return {language: f"{SITE}/{language}/{name}" for language in ("en", "ru")}


def alerts(
    opened_at: datetime, now: datetime, stations: Sequence[Station], north: Region
) -> Iterator[tuple[Alert, Sequence[Station], Sequence[Region]]]:
    """One that holds, one that comes, one that is over, and one that never ends."""
    day = timedelta(days=1)
    yield (
        _alert(
            AlertType.STATION_CLOSURE,
            now - day,
            now + 30 * day,
            "Roadworks: no bikes here",
            "Ремонт дороги: велосипедов нет",
        ),
        stations[:1],
        [],
    )
    yield (
        _alert(
            AlertType.OTHER, now + 7 * day, now + 8 * day, "Marathon on the north bank", "Марафон на северном берегу"
        ),
        [],
        [north],
    )
    yield _alert(AlertType.SYSTEM_CLOSURE, opened_at, opened_at + day, "Storm: closed", "Шторм: закрыто"), [], []
    yield (
        _alert(
            AlertType.STATION_MOVE, opened_at, None, "Moved to the other side of the street", "Перенесена через улицу"
        ),
        stations[-1:],
        [],
    )


def _alert(kind: AlertType, starts_at: datetime, ends_at: datetime | None, english: str, russian: str) -> Alert:
    return Alert(
        id=_id("alert", english),
        created_at=starts_at,
        updated_at=starts_at,
        type=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        summary={"en": english, "ru": russian},
        url=_pages("news"),
    )


def _id(*parts: str) -> UUID:
    return uuid5(NAMESPACE, " ".join(parts))
