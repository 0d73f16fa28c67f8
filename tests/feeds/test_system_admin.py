"""The admin's forms of the system, its regions and alerts: what they accept, and what they refuse and why."""

import json
from pathlib import Path
from typing import Any

import gbfs_validator
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from bikerental.feeds.formats import LISTS
from bikerental.feeds.models import Alert, Region, System
from tests.factories import NOON, make_station, make_user
from tests.feeds.rows import make_alert, make_region, make_system
from tests.http.pages import fields_of, open_form

pytestmark = pytest.mark.django_db
SYSTEM = "/admin/feeds/system/1/change/"
ADD_SYSTEM = "/admin/feeds/system/add/"
ADD_REGION = "/admin/feeds/region/add/"
ADD_ALERT = "/admin/feeds/alert/add/"

AS_OSM = "Write the hours as OpenStreetMap does: 24/7, or Mo-Fr 06:00-23:00; Sa,Su 08:00-22:00."
NOT_KNOWN = (
    "GBFS does not know this SPDX id. Write one exactly as in SPDX's list, such as CC-BY-4.0 or ODbL-1.0; for "
    "any other licence give the address of its page."
)


def errors(client: Client, path: str, **fields: Any) -> dict[str, list[str]]:
    """What the form says of these values; the others are as the page has them."""
    page = client.post(path, open_form(client, path) | fields, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    found = page.context["adminform"].form.errors
    return {name: [str(error) for error in each] for name, each in found.items()}


def alert_form(**fields: Any) -> dict[str, Any]:
    texts = {"summary_en": "A race", "summary_ru": "Гонка"}
    return {"type": "other", "starts_at_0": "2026-06-15", "starts_at_1": "15:00", "is_active": "on"} | texts | fields


# The system


def test_the_first_form_has_the_values_of_the_settings(operator: Client) -> None:
    sent = open_form(operator, ADD_SYSTEM)
    assert (sent["languages"], sent["name_ru"], sent["opening_hours"]) == (["en ru"], ["Прокат велосипедов"], ["24/7"])

    assert operator.post(ADD_SYSTEM, sent | {"name_en": "City bikes"}).status_code == 302

    system = System.objects.get()
    assert (system.pk, system.name) == (1, {"en": "City bikes", "ru": "Прокат велосипедов"})
    assert (system.short_name, system.terms_url) == ({}, {})
    assert operator.get(ADD_SYSTEM)["Location"] == SYSTEM


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("time_zone", "Mars/Olympus", "This is no time zone of the IANA database, such as Europe/Berlin."),
        ("time_zone", "localtime", "This is no time zone of the IANA database, such as Europe/Berlin."),
        ("languages", "english", "“english” is not written as GBFS wants: en, or pt-BR for the Portuguese of Brazil."),
        ("languages", "en zz", "“zz” is no language of BCP 47."),
        ("languages", "eng", "BCP 47 writes “eng” as en."),
        ("languages", "en ru en", "A language is named twice."),
        (
            "opening_hours",
            "Mo-Fr 06:00-!",
            f"Not understood from “!” on. {AS_OSM}",
        ),
        ("phone_number", "8 495 000", "Write the number with + and the country's code, such as +12025550100."),
        ("phone_number", "+1 202 555-0100", "Write it in E.164: +12025550100."),
        ("phone_number", "+1202555", "No number of this country has so many digits."),
        (
            "license_id",
            "CC-BY",
            NOT_KNOWN,
        ),
        ("url", "http://example.org", "Give an address that begins with https://."),
        ("url", "https://example.org/ю", "Write other characters than those of ASCII in percent-encoding."),
        ("email", "nobody", "Enter a valid email address."),
        ("name_ru", "", "Write this in every language of the system. Missing: Russian."),
        ("operator_en", "Example Ltd", "Write this in every language of the system. Missing: Russian."),
    ],
)
def test_the_form_of_the_system_says_why_it_refuses(operator: Client, field: str, value: str, reason: str) -> None:
    make_system()
    before = System.objects.values().get()

    found = errors(operator, SYSTEM, **{field: value})

    assert found[field.removesuffix("_ru").removesuffix("_en")] == [reason]
    assert System.objects.values().get() == before


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"license_id": "CC0-1.0", "license_url": "https://example.org/licence"},
            "Give the licence's id or the address of its page, not both.",
        ),
        (
            {"android_store_uri": "https://example.org/store"},
            "An app has both links: to the store, and one that opens the app.",
        ),
        (
            {"terms_url_en": "https://example.org/en", "terms_url_ru": "https://example.org/ru"},
            "Give the terms of use and the day when they last changed, or neither.",
        ),
        ({"privacy_updated_on": "2026-05-01"}, "Give the privacy policy and the day when it last changed, or neither."),
        (
            {"brand_image_url": "https://example.org/l.svg"},
            "A logo needs its address and the day when it last changed.",
        ),
    ],
)
def test_fields_that_belong_together(operator: Client, fields: dict[str, str], reason: str) -> None:
    make_system()

    assert errors(operator, SYSTEM, **fields) == {"__all__": [reason]}


def test_a_link_of_an_app_runs_no_script(operator: Client) -> None:
    make_system()
    links = {"ios_store_uri": "https://example.org", "ios_discovery_uri": "javascript://%0aalert(1)"}

    assert list(errors(operator, SYSTEM, **links)) == ["ios_discovery_uri"]


def test_a_new_language_asks_for_every_text(operator: Client) -> None:
    make_system()
    sent = open_form(operator, SYSTEM) | {"languages": "en, ru,  pt-BR"}

    refused = operator.post(SYSTEM, sent)

    assertContains(refused, "Missing: Brazilian Portuguese.")
    again = fields_of(refused.content) | {"name_pt-BR": "Bicicletas"}
    assert operator.post(SYSTEM, again).status_code == 302
    system = System.objects.get()
    assert (system.languages, system.name["pt-BR"]) == ("en ru pt-BR", "Bicicletas")


def test_removing_a_language_removes_its_texts(operator: Client) -> None:
    make_system()
    assert operator.post(SYSTEM, open_form(operator, SYSTEM) | {"languages": "ru"}).status_code == 302
    assert System.objects.get().name == {"en": "Example bikes", "ru": "Велосипеды"}

    assert operator.post(SYSTEM, open_form(operator, SYSTEM) | {"name_ru": "Прокат"}).status_code == 302

    assert System.objects.get().name == {"ru": "Прокат"}


def test_the_system_cannot_be_deleted(operator: Client) -> None:
    make_system()

    assert operator.post("/admin/feeds/system/1/delete/", {"post": "yes"}).status_code == 403
    assert System.objects.exists()


def test_the_pages_need_a_right() -> None:
    make_system()
    viewer = make_user(is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_system"))
    client = Client()
    client.force_login(viewer)

    assert client.get(SYSTEM).status_code == 200
    assert client.post(SYSTEM, {}).status_code == 403
    assert client.get(ADD_ALERT).status_code == 403
    assert client.get(ADD_REGION).status_code == 403


# Regions


def test_a_region_takes_its_stations(operator: Client) -> None:
    stations = [make_station(), make_station()]
    form = {"name_en": "North", "name_ru": "Север", "stations": [str(station.pk) for station in stations]}

    assert operator.post(ADD_REGION, form).status_code == 302

    region = Region.objects.get()
    assert region.name == {"en": "North", "ru": "Север"}
    assert set(region.stations.all()) == set(stations)
    path = f"/admin/feeds/region/{region.pk}/change/"
    assert operator.post(path, open_form(operator, path) | {"stations": [str(stations[0].pk)]}).status_code == 302
    assert list(region.stations.all()) == [stations[0]]


def test_a_station_of_another_region_is_refused(operator: Client) -> None:
    station = make_station(name="Market")
    make_region(station)
    form = {"name_en": "North", "name_ru": "Север", "stations": [str(station.pk)]}

    assert errors(operator, ADD_REGION, **form) == {
        "stations": ["“Market” is in the region “Centre”. Take it out there first."]
    }
    assert Region.objects.count() == 1


def test_a_region_that_an_alert_names_is_not_deleted(operator: Client) -> None:
    region = make_region(make_station())
    alert = make_alert(regions=(region,))
    path = f"/admin/feeds/region/{region.pk}/delete/"
    assert operator.post(path, {"post": "yes"}).status_code == 403
    alert.delete()

    assert operator.post(path, {"post": "yes"}).status_code == 302
    assert not Region.objects.exists()


def test_stations_and_regions_are_found_by_their_names(operator: Client) -> None:
    make_region(name={"en": "Harbour", "ru": "Гавань"})
    make_station(name="Market")

    def found(model: str, field: str, term: str) -> list[str]:
        query = {"app_label": "feeds", "model_name": model, "field_name": field, "term": term}
        return [each["text"] for each in operator.get("/admin/autocomplete/", query).json()["results"]]

    assert found("region", "stations", "mark") == ["Market"]
    assert found("alert", "regions", "гаван") == ["Harbour"]
    assert found("alert", "regions", "market") == []


# Alerts


def test_an_alert_is_stored_as_the_form_says(operator: Client) -> None:
    station, region = make_station(), make_region()
    form = alert_form(
        type="station_closure",
        stations=[str(station.pk)],
        regions=[str(region.pk)],
        url_en="https://example.org/en",
        url_ru="https://example.org/ru",
    )

    assert operator.post(ADD_ALERT, form).status_code == 302

    alert = Alert.objects.get()
    assert (alert.summary, alert.description) == ({"en": "A race", "ru": "Гонка"}, {})
    assert (alert.starts_at, alert.ends_at) == (NOON, None)
    assert (list(alert.stations.all()), list(alert.regions.all())) == ([station], [region])


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (
            {"ends_at_0": "2026-06-15", "ends_at_1": "15:00"},
            {"__all__": ["An alert starts before it ends."]},
        ),
        ({"starts_at_0": "2014-01-01"}, {"__all__": ["The feeds have no times before 2016."]}),
        ({"type": "station_closure"}, {"stations": ["Say which stations or regions this is about."]}),
        ({"summary_ru": " "}, {"summary": ["Write this in every language of the system. Missing: Russian."]}),
        (
            {"url_en": "example.org", "url_ru": "https://example.org"},
            {"url": ["Give an address that begins with https://."]},
        ),
        (
            {"summary_en": "x" * 201},
            {"summary": ["Ensure this value has at most 200 characters (it has 201)."]},
        ),
    ],
)
def test_the_form_of_an_alert_says_why_it_refuses(
    operator: Client, fields: dict[str, str], found: dict[str, list[str]]
) -> None:
    assert errors(operator, ADD_ALERT, **alert_form(**fields)) == found
    assert not Alert.objects.exists()


def test_a_change_of_an_alert_renews_its_time(operator: Client) -> None:
    alert = make_alert()
    path = f"/admin/feeds/alert/{alert.pk}/change/"
    before = timezone.now()

    assert operator.post(path, open_form(operator, path) | {"stations": [str(make_station().pk)]}).status_code == 302

    alert.refresh_from_db()
    assert alert.updated_at >= before
    assert alert.stations.count() == 1


# The lists


def test_the_lists_are_those_of_the_schemas() -> None:
    (schema,) = Path(gbfs_validator.__file__).parent.rglob("v3.0/system_information.json")
    fields = json.loads(schema.read_text())["properties"]["data"]["properties"]
    assert (LISTS / "licenses.txt").read_text().split() == fields["license_id"]["enum"]
    assert (LISTS / "time_zones.txt").read_text().split() == fields["timezone"]["enum"]
