"""Cursor pages."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from bikerental.core.db.keyset import Cursor
from bikerental.fleet.models import Station
from bikerental.http.pagination import decode_cursor, encode_cursor
from tests.factories import make_station

pytestmark = pytest.mark.django_db
LIST = "/api/test/stations/"


def names(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [station["name"] for station in page["results"]]


def pages(client: APIClient, url: str | None, link: str = "next") -> Iterator[list[str]]:
    while url is not None:
        page = client.get(url).json()
        yield names(page)
        url = page[link]


@pytest.fixture
def seven() -> list[str]:
    """Southernmost first; three have the same latitude."""
    latitudes = [10.0, 20.0, 20.0, 20.0, 30.0, 40.0, 50.0]
    stations = [make_station(latitude=latitude) for latitude in latitudes]
    stations.sort(key=lambda station: (station.latitude, -station.pk.int))
    return [station.name for station in stations]


@pytest.mark.parametrize("size", range(1, 9))
def test_forwards_each_row_comes_once(client: APIClient, seven: list[str], size: int) -> None:
    found = list(pages(client, f"{LIST}?page_size={size}"))

    assert [name for page in found for name in page] == seven
    assert {len(page) for page in found[:-1]} <= {size}


@pytest.mark.parametrize("size", range(1, 7))
def test_backwards_too(client: APIClient, seven: list[str], size: int) -> None:
    url = f"{LIST}?page_size={size}"
    while (page := client.get(url).json())["next"]:
        url = page["next"]

    found = list(pages(client, url, "previous"))

    assert [name for page in reversed(found) for name in page] == seven


def test_there_and_back_is_the_same_page(client: APIClient, seven: list[str]) -> None:
    second = client.get(client.get(f"{LIST}?page_size=2").json()["next"]).json()

    third = client.get(second["next"]).json()

    assert client.get(third["previous"]).json()["results"] == second["results"]


def test_a_changing_list_neither_repeats_nor_skips(client: APIClient, seven: list[str]) -> None:
    first = client.get(f"{LIST}?page_size=3").json()
    make_station(latitude=0.0)  # before the page: it would shift every offset by one
    Station.objects.get(name=seven[2]).delete()  # the row at which the cursor stands
    Station.objects.get(name=seven[4]).delete()

    rest = [name for page in pages(client, first["next"]) for name in page]

    assert names(first) == seven[:3]
    assert rest == [seven[3], seven[5], seven[6]]


def test_where_all_before_have_gone_next_leads_to_the_start(client: APIClient, seven: list[str]) -> None:
    second = client.get(client.get(f"{LIST}?page_size=2").json()["next"]).json()
    Station.objects.filter(name__in=seven[:2]).delete()

    nothing = client.get(second["previous"]).json()

    assert nothing["results"] == []
    assert nothing["previous"] is None
    assert names(client.get(nothing["next"]).json()) == seven[2:4]


def test_an_empty_list_is_an_empty_page(client: APIClient) -> None:
    assert client.get(LIST).json() == {"next": None, "previous": None, "results": []}


def test_a_page_is_one_statement(
    client: APIClient, seven: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = client.get(f"{LIST}?page_size=2").json()["next"]

    with django_assert_num_queries(1):
        client.get(url)


def test_links_are_absolute_and_keep_the_other_parameters(client: APIClient, seven: list[str]) -> None:
    link = urlsplit(client.get(f"{LIST}?page_size=2&colour=r%26d%C3%A9").json()["next"])

    assert (link.scheme, link.netloc, link.path) == ("http", "testserver", LIST)
    assert set(parse_qs(link.query)) == {"page_size", "colour", "cursor"}
    assert parse_qs(link.query)["colour"] == ["r&dé"]


@pytest.mark.parametrize("size", ["0", "201", "-1", "1.5", "ten", "", "\x00", "9999999999", "٣", "1e2", "+5", " 5"])
def test_an_odd_page_size_is_a_400_that_names_it(client: APIClient, size: str) -> None:
    response = client.get(LIST, {"page_size": size})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["page_size"]


@pytest.mark.parametrize("size", ["1", "200"])
def test_the_borders_of_the_page_size_are_taken(client: APIClient, size: str) -> None:
    assert client.get(LIST, {"page_size": size}).status_code == 200


def test_a_page_holds_fifty_unless_asked_otherwise(client: APIClient) -> None:
    for _ in range(51):
        make_station()

    assert len(client.get(LIST).json()["results"]) == 50


FORGED = ["", "x", "bm90aGluZw", "A" * 5000, "\x00", "é", "====", "%%%", "..", "W10", " ", "-" * 16, "_" * 24]


@pytest.mark.parametrize("cursor", FORGED)
def test_a_forged_cursor_is_a_400_that_names_it(client: APIClient, cursor: str) -> None:
    response = client.get(LIST, {"cursor": cursor})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


def a_cursor(client: APIClient) -> str:
    query: str = urlsplit(client.get(f"{LIST}?page_size=2").json()["next"]).query
    return parse_qs(query)["cursor"][0]


def test_a_cursor_with_one_character_changed_is_forged(client: APIClient, seven: list[str]) -> None:
    cursor = a_cursor(client)

    for place in range(len(cursor) - 1):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert client.get(LIST, {"cursor": changed}).status_code == 400


def test_a_cut_cursor_is_forged(client: APIClient, seven: list[str]) -> None:
    cursor = a_cursor(client)

    assert {client.get(LIST, {"cursor": cursor[:end]}).status_code for end in range(len(cursor) - 1)} == {400}


def test_a_cursor_of_another_list_is_forged() -> None:
    cursor = encode_cursor(Cursor(("x",)), "/api/v1/bikes/")

    with pytest.raises(ValidationError):
        decode_cursor(cursor, "/api/v1/stations/")


def test_a_cursor_of_another_secret_is_forged(settings: Settings) -> None:
    cursor = encode_cursor(Cursor(("x",)), "/")
    settings.SECRET_KEY = "another"

    with pytest.raises(ValidationError):
        decode_cursor(cursor, "/")


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 6, 15, 12, 0, 0, 123457, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        UUID(int=2**128 - 1),
        "Привет, \x00 \U0001f6b2",
        "",
        0.1 + 0.2,
        5e-324,
        1.7976931348623157e308,
        -0.0,
        2**63 - 1,
        -1,
    ],
)
def test_a_value_survives_the_round_trip_exactly(value: object) -> None:
    (back,) = decode_cursor(encode_cursor(Cursor((value,), is_backward=True), "/"), "/").keys

    assert type(back) is type(value)
    assert repr(back) == repr(value)
