"""A bike's number is found in any spelling, and no two bikes differ only in spelling."""

import importlib
import sys
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bikerental.core.db.transactions import constraint_name
from bikerental.fleet.models import Bike
from bikerental.fleet.numbers import NUMBER_TYPED_LENGTH, number_key, number_key_typed
from bikerental.maintenance.services import bike_report_create
from tests.clients import RiderClient
from tests.factories import make_bike, make_rental

pytestmark = pytest.mark.django_db
migration = importlib.import_module("bikerental.fleet.migrations.0006_bike_number_key")

BIKES, RENTALS = "/api/v1/bikes/", "/api/v1/rentals/"
# Ways to type or scan the number that is painted as BX-000006.
WAYS = [
    "BX-000006",
    "bx-000006",
    "BX000006",
    "bx 000 006",
    " BX\u00a0-\u2009000006\t",
    "BX\u2010000006",
    "BX\u2013000006",
    "BX\u2014000006",
    "BX\u2212000006",
    "BX\u00ad000006\u200b",
    "ВХ-000006",
    "вх-000006",
    "Bх000006",
    "https://bikerental.example/b/BX-000006",
    "HTTPS://BIKERENTAL.EXAMPLE/B/BX-000006/",
    "https://bikerental.example/b/%D0%B2x%20000006?utm_source=frame#top",
    "https://bikerental.example/?number=bx-000006",
    "HTTPS://BIKERENTAL.EXAMPLE/SCAN?NUMBER=BX-000006",
]
MEANINGLESS = [
    "",
    "   ",
    "---",
    "\u2013 \u2014",
    "!?",
    "BX-000006" * 5,
    "x" * 256,
    "https://bikerental.example/",
    "https://bikerental.example/b/%00",
    "https://bikerental.example/b/BX%000006",
    "https://[bikerental.example/b/BX-000006",
    "https://bikerental.example/?" + "a=1&" * 30,
    "https://bikerental.example/b/BX-000006" + "#" * 255,
]


@pytest.fixture
def bike() -> Bike:
    return make_bike(number="BX-000006")


@pytest.mark.parametrize("typed", WAYS)
def test_a_bike_is_rented_by_its_number_however_it_is_typed(rider_client: RiderClient, bike: Bike, typed: str) -> None:
    answer = rider_client.post(RENTALS, {"bike_number": typed})

    assert (answer.status_code, answer.json()["bike"]["id"]) == (201, str(bike.pk))
    assert answer.json()["bike"]["number"] == "BX-000006"


@pytest.mark.parametrize("typed", WAYS)
def test_a_bike_is_found_by_its_number_however_it_is_typed(rider_client: RiderClient, bike: Bike, typed: str) -> None:
    make_bike(number="BX-0000061")

    answer = rider_client.get(BIKES, {"number": typed})

    assert [found["id"] for found in answer.json()["results"]] == [str(bike.pk)]


@pytest.mark.parametrize("typed", ["BX-000007", "BX-00000", "BX-0000060", "https://bikerental.example/BX-000006/b"])
def test_another_number_is_another_bikes(rider_client: RiderClient, bike: Bike, typed: str) -> None:
    asked = rider_client.get(BIKES, {"number": typed})
    rented = rider_client.post(RENTALS, {"bike_number": typed})

    assert asked.json()["results"] == []
    assert (rented.status_code, rented.json()["code"]) == (404, "bike_not_found")


@pytest.mark.parametrize("typed", MEANINGLESS)
def test_a_number_that_means_nothing_is_a_400_that_names_it(rider_client: RiderClient, bike: Bike, typed: str) -> None:
    asked = rider_client.get(BIKES, {"number": typed})
    rented = rider_client.post(RENTALS, {"bike_number": typed})

    assert (asked.status_code, asked.json()["errors"][0]["field"]) == (400, "number")
    assert (rented.status_code, rented.json()["errors"][0]["field"]) == (400, "bike_number")
    bike.refresh_from_db()
    assert bike.status == "available"


def test_the_number_goes_with_the_other_filters(rider_client: RiderClient, bike: Bike) -> None:
    def found(**query: Any) -> int:
        return len(rider_client.get(BIKES, {"number": "bx000006"} | query).json()["results"])

    near, far = {"lat": 59.93, "lon": 30.31}, {"lat": 0, "lon": 0}
    assert (found(**near), found(**far)) == (1, 0)
    assert (found(bbox="30,59,31,60"), found(bbox="0,0,1,1")) == (1, 0)
    Bike.objects.update(status="maintenance")
    assert (found(), found(status="any"), found(**near), found(status="any", **near)) == (0, 1, 0, 1)


def test_asking_by_number_takes_one_statement(
    rider_client: RiderClient, bike: Bike, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        rider_client.get(BIKES, {"number": "bx 000006"})


def test_the_index_finds_a_bike_by_its_number() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM fleet_bike WHERE bike_number_key(number) = 'BX000006'")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "bike_number_key_unique" in plan


@pytest.mark.parametrize("number", [way for way in WAYS[1:] if "://" not in way])
def test_two_bikes_do_not_differ_by_that_alone(bike: Bike, number: str) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        make_bike(number=number)

    assert constraint_name(refused.value) == "bike_number_key_unique"
    assert Bike.objects.count() == 1


def test_an_operator_reads_why_the_number_is_taken(operator: Client, bike: Bike) -> None:
    answer = operator.post(
        reverse("admin:fleet_bike_add"),
        {"number": "вх 000006", "model": bike.model_id, "tariff": bike.tariff_id, "latitude": "1", "longitude": "1"},
    )

    assert answer.status_code == 200
    assert "Another bike has this number" in answer.content.decode()
    assert Bike.objects.count() == 1


@pytest.mark.parametrize("number", ["---", "!", "https://bikerental.example/b/BX-1"])
def test_a_number_that_nobody_could_type_is_refused(bike: Bike, number: str) -> None:
    bike.number = number

    with pytest.raises(ValidationError) as refused:
        bike.full_clean()

    assert set(refused.value.message_dict) == {"number"}


def test_a_number_stays_as_it_is_painted(bike: Bike) -> None:
    bike.number = "Жук – 7"

    bike.full_clean()
    bike.save()

    bike.refresh_from_db()
    assert (bike.number, number_key(bike.number)) == ("Жук – 7", "ЖYK7")


@pytest.mark.parametrize("stored", ["Й-1", "И\u0306-1"])
def test_a_letter_of_two_characters_is_the_letter_of_one(bike: Bike, rider_client: RiderClient, stored: str) -> None:
    bike.number = stored
    bike.full_clean()
    bike.save()

    for typed in ("й1", "и\u03061"):
        assert len(rider_client.get(BIKES, {"number": typed}).json()["results"]) == 1


@pytest.mark.parametrize(
    ("page", "typed"),
    [("fleet_bike", "вх 0000"), *[(page, "вх 000006") for page in
     ("fleet_bike", "maintenance_bikereport", "maintenance_photoupload", "rentals_rental")]],
)  # fmt: skip
def test_operators_find_it_however_they_type(operator: Client, bike: Bike, page: str, typed: str) -> None:
    other = make_bike(number="CX-000006")
    for one in (bike, other):
        rider = make_rental(bike=one).rider
        bike_report_create(bike_id=one.pk, rider_id=rider.pk, kind="lights", text="", counts=True, now=timezone.now())  # type: ignore[union-attr]
        one.photo_uploads.create(uploader=rider, key=f"uploads/{one.pk}", expires_at=timezone.now())

    answer = operator.get(reverse(f"admin:{page}_changelist"), {"q": typed})

    (row,) = answer.context["cl"].result_list
    assert getattr(row, "bike", row) == bike


@pytest.mark.parametrize("typed", ["---", "https://[", "https://bikerental.example/b/BX%000006", "x" * 5000])
@pytest.mark.parametrize("page", ["fleet_bike", "maintenance_bikereport", "rentals_rental"])
def test_operators_find_nothing_by_what_is_no_number(operator: Client, bike: Bike, page: str, typed: str) -> None:
    make_rental(bike=bike)

    answer = operator.get(reverse(f"admin:{page}_changelist"), {"q": typed})

    assert not list(answer.context["cl"].result_list)


def test_postgresql_and_python_make_the_same_keys() -> None:
    # The function's table has nothing beyond the first two planes.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT chr(code), bike_number_key(chr(code)) FROM generate_series(1, 131071) AS code
            WHERE code NOT BETWEEN 55296 AND 57343 AND bike_number_key(chr(code)) <> chr(code)
            """
        )
        changed = dict(cursor.fetchall())

    characters = (chr(code) for code in range(1, sys.maxunicode + 1))
    assert changed == {one: number_key(one) for one in characters if number_key(one) != one}


def test_a_key_is_its_own_key() -> None:
    characters = map(chr, range(1, sys.maxunicode + 1))

    assert [one for one in characters if number_key(number_key(one)) != number_key(one)] == []


@pytest.mark.parametrize("text", ["/" * 255, "-" * 255, "https://" + "/" * 247, "https://a/?" + "&" * 244, "%" * 255])
def test_the_longest_text_costs_next_to_nothing(text: str) -> None:
    assert len(text) <= NUMBER_TYPED_LENGTH
    number_key_typed(text)


def test_the_migration_names_bikes_that_look_alike(bike: Bike) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX bike_number_key_unique")
    make_bike(number="вх000006")
    make_bike(number="CX-1")
    make_bike(number="cx1")
    make_bike(number="DX-1")

    with connection.schema_editor() as editor, pytest.raises(CommandError) as refused:
        migration.refuse_alike(None, editor)

    assert "4 bikes" in str(refused.value)
    assert "BX-000006, вх000006, CX-1, cx1." in str(refused.value)
