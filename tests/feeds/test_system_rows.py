"""The rows of the system, regions and alerts: what the database refuses, and what the feeds read."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from bikerental.feeds.models import Alert, Region, RegionStation, System
from bikerental.feeds.selectors.fleet import station_rows
from bikerental.feeds.selectors.system import alert_rows, region_rows, system_default, system_row
from bikerental.feeds.types import App, Brand
from tests.factories import NOON, make_station
from tests.feeds.rows import make_alert, make_region, make_system

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 1)
LOGO = {"brand_image_url": "https://example.org/l.svg", "brand_updated_on": DAY}


def refused(make: Any, **fields: Any) -> str:
    """The name of the constraint that refuses it."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make(**fields)
    cause: Any = caught.value.__cause__
    return str(cause.diag.constraint_name)


# What the database refuses


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"id": 2}, "system_is_one_row"),
        ({"system_id": "with space"}, "system_id_form"),
        ({"languages": ""}, "system_languages"),
        ({"languages": "en  ru"}, "system_languages"),
        ({"languages": "english"}, "system_languages"),
        ({"languages": "en ru en"}, "system_languages"),
        ({"name": {}}, "system_name"),
        ({"name": {"en": " "}}, "system_name"),
        ({"name": {"en": 1}}, "system_name"),
        ({"name": {"English": "Bikes"}}, "system_name"),
        ({"name": ["Bikes"]}, "system_name"),
        ({"name": "Bikes"}, "system_name"),
        ({"short_name": {"en": "x" * 70_000}}, "system_short_name"),
        ({"operator": {"en": ""}}, "system_operator"),
        ({"attribution_name": {"en": ""}}, "system_attribution_name"),
        ({"terms_url": {"en": "http://example.org"}, "terms_updated_on": DAY}, "system_terms_url"),
        ({"privacy_url": {"en": "https://example.org/ю"}, "privacy_updated_on": DAY}, "system_privacy_url"),
        ({"time_zone": ""}, "system_hours"),
        ({"opening_hours": ""}, "system_hours"),
        ({"phone_number": "84950000000"}, "system_phone"),
        ({"phone_number": "+7 495 000"}, "system_phone"),
        ({"email": "nobody"}, "system_emails"),
        ({"feed_contact_email": ""}, "system_emails"),
        ({"license_id": "CC0-1.0", "license_url": "https://example.org/licence"}, "system_one_license"),
        ({"url": "http://example.org"}, "system_url"),
        ({"license_url": "example.org"}, "system_license_url"),
        ({"attribution_url": "https://"}, "system_attribution_url"),
        ({"android_store_uri": "a b", "android_discovery_uri": "app://open"}, "system_android_store_uri"),
        ({"android_store_uri": "app://open", "android_discovery_uri": "a b"}, "system_android_discovery_uri"),
        ({"ios_store_uri": "a b", "ios_discovery_uri": "app://open"}, "system_ios_store_uri"),
        ({"ios_store_uri": "app://open", "ios_discovery_uri": "a b"}, "system_ios_discovery_uri"),
        ({"ios_store_uri": "https://example.org"}, "system_ios_links"),
        ({"android_discovery_uri": "app://open"}, "system_android_links"),
        ({"terms_url": {"en": "https://example.org"}}, "system_terms_dated"),
        ({"privacy_updated_on": DAY}, "system_privacy_dated"),
        ({"brand_image_url": "https://example.org/logo.svg"}, "system_brand"),
        ({"brand_color": "#112233"}, "system_brand"),
        ({"brand_image_url": "http://example.org/l.svg", "brand_updated_on": DAY}, "system_brand_image_url"),
        (LOGO | {"brand_image_url_dark": "dark.svg"}, "system_brand_image_url_dark"),
        (LOGO | {"brand_terms_url": "example.org"}, "system_brand_terms_url"),
        (LOGO | {"brand_color": "red"}, "system_brand_color"),
    ],
)
def test_the_database_refuses_a_system(fields: dict[str, Any], constraint: str) -> None:
    assert refused(make_system, **fields) == constraint
    assert not System.objects.exists()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"type": "news"}, "alert_type_known"),
        ({"ends_at": NOON}, "alert_starts_before_it_ends"),
        ({"starts_at": "2015-12-01T00:00:00Z"}, "alert_starts_in_time"),
        ({"summary": {}}, "alert_summary"),
        ({"description": {"en": "\n"}}, "alert_description"),
        ({"url": {"en": "javascript:alert(1)"}}, "alert_url"),
    ],
)
def test_the_database_refuses_an_alert(fields: dict[str, Any], constraint: str) -> None:
    assert refused(make_alert, **fields) == constraint
    assert not Alert.objects.exists()


def test_the_database_refuses_a_region_without_a_name() -> None:
    assert refused(make_region, name={}) == "region_name"
    assert not Region.objects.exists()


def test_a_station_is_in_one_region() -> None:
    station = make_station()
    make_region(station)
    second = make_region()

    assert refused(RegionStation.objects.create, region=second, station=station) == "feeds_regionstation_pkey"


# What the feeds read


def test_without_a_row_the_system_is_that_of_the_settings(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Bikes <no-reply@bikes.example-city.org>"
    settings.CITY_TIME_ZONE = "Asia/Tbilisi"

    with django_assert_num_queries(1):
        system = system_row()

    assert (system.system_id, system.timezone) == ("bikes_example_city_org", "Asia/Tbilisi")
    assert (system.languages, system.opening_hours) == (("en", "ru"), "24/7")
    assert system.name == {"en": "Bike rental", "ru": "Прокат велосипедов"}
    assert system.feed_contact_email == "no-reply@bikes.example-city.org"
    assert (system.operator, system.url, system.android, system.brand) == ({}, "", None, None)


def test_the_default_is_a_row_that_the_database_takes() -> None:
    system_default().full_clean()
    system_default().save()


def test_the_row_says_what_the_feeds_say(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_system(
        operator={"en": "Example Ltd", "ru": "ООО «Пример»"},
        license_id="ODbL-1.0",
        android_store_uri="https://example.org/store",
        android_discovery_uri="app://open",
        brand_image_url="https://example.org/logo.svg",
        brand_updated_on=DAY,
        brand_color="#1a7f37",
        terms_url={"en": "https://example.org/en", "ru": "https://example.org/ru"},
        terms_updated_on=DAY,
    )

    with django_assert_num_queries(1):
        system = system_row()

    assert (system.system_id, system.timezone, system.license_id) == ("example_city", "Europe/Riga", "ODbL-1.0")
    assert system.operator == {"en": "Example Ltd", "ru": "ООО «Пример»"}
    assert system.android == App("https://example.org/store", "app://open")
    assert system.ios is None
    assert system.brand == Brand("https://example.org/logo.svg", DAY, "", "#1a7f37", "")
    assert system.terms_updated_on == DAY


def test_a_text_not_yet_translated_is_in_the_first_language() -> None:
    make_system(languages="ru de en")
    make_region(name={"en": "Centre", "ru": "Центр"})

    assert system_row().name == {"ru": "Велосипеды", "de": "Велосипеды", "en": "Example bikes"}
    assert region_rows(system_row().languages)[0].name == {"ru": "Центр", "de": "Центр", "en": "Centre"}


def test_a_text_of_a_removed_language_is_not_read() -> None:
    make_system(languages="de")

    assert system_row().name == {"de": "Example bikes"}


def test_regions_and_their_stations_are_read(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    inside, outside = make_station(name="A"), make_station(name="B")
    region = make_region(inside)

    with django_assert_num_queries(1):
        assert [(row.id, row.name) for row in region_rows(("en", "ru"))] == [
            (str(region.pk), {"en": "Centre", "ru": "Центр"})
        ]

    assert [(row.id, row.region_id) for row in station_rows(now=NOON)] == [
        (str(inside.pk), str(region.pk)),
        (str(outside.pk), None),
    ]


def test_an_alert_is_read_with_what_it_is_about(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    stations = sorted([make_station(), make_station()], key=lambda station: station.pk)
    region = make_region(stations[0])
    alert = make_alert(
        type="station_closure", stations=tuple(stations), regions=(region,), url={"en": "https://example.org"}
    )
    make_alert()

    with django_assert_num_queries(1):
        first, second = alert_rows(("en", "ru"), now=NOON)

    assert (first.id, first.type) == (str(alert.pk), "station_closure")
    assert first.times == ((NOON, NOON + timedelta(hours=2)),)
    assert first.station_ids == tuple(str(station.pk) for station in stations)
    assert first.region_ids == (str(region.pk),)
    assert first.summary == {"en": "A race", "ru": "Гонка"}
    assert first.url == {"en": "https://example.org", "ru": "https://example.org"}
    assert (first.description, first.updated_at) == ({}, NOON)
    assert (second.station_ids, second.region_ids) == ((), ())


@pytest.mark.parametrize(
    ("fields", "is_shown"),
    [
        ({}, True),
        ({"ends_at": None}, True),
        ({"starts_at": NOON + timedelta(days=1), "ends_at": None}, True),
        ({"starts_at": NOON - timedelta(days=1), "ends_at": NOON + timedelta(seconds=1)}, True),
        ({"starts_at": NOON - timedelta(days=1), "ends_at": NOON}, False),
        ({"is_active": False}, False),
    ],
)
def test_an_alert_is_shown_until_it_is_over(fields: dict[str, Any], is_shown: bool) -> None:
    make_alert(**fields)

    assert len(alert_rows(("en", "ru"), now=NOON)) == is_shown
