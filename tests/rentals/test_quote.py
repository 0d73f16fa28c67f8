"""The price before the ride."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response

from bikerental.fleet.constants import BikeStatus
from bikerental.rentals.pricing import cost_at
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_rental, make_tariff

pytestmark = pytest.mark.django_db


def quote(client: RiderClient, bike_id: Any, **query: Any) -> Response:
    answer: Response = client.get(f"/api/v1/bikes/{bike_id}/quote/", query)
    return answer


def test_a_quote_has_the_tariff_and_the_cost(rider_client: RiderClient) -> None:
    terms = {"unlock_fee": Decimal("30.00"), "per_minute": Decimal("6.99"), "free_minutes": 10}
    bike = make_bike(tariff=make_tariff(**terms, daily_cap=Decimal("600.00"), out_of_area_fee=Decimal("150.00")))

    answer = quote(rider_client, bike.pk, minutes=30)

    assert answer.json() == {
        "minutes": 30,
        "tariff": rider_client.get(f"/api/v1/bikes/{bike.pk}/").json()["tariff"],
        "cost": {
            "amount": "169.80",
            "currency": "RUB",
            "final": False,
            "lines": [
                {"code": "unlock", "amount": "30.00"},
                {"code": "minutes", "quantity": 20, "unit_price": "6.99", "amount": "139.80"},
                {"code": "free_minutes", "quantity": 10, "amount": "0.00"},
            ],
        },
    }


@pytest.mark.parametrize("minutes", [1, 30, 1440, 1441, 10_080])
def test_a_quote_is_what_such_a_ride_costs(rider_client: RiderClient, minutes: int) -> None:
    bike = make_bike(tariff=make_tariff(daily_cap=Decimal("600.00"), free_minutes=7))
    ride = make_rental(bike=bike, ended_at=NOON + timedelta(minutes=minutes))

    said = quote(rider_client, bike.pk, minutes=minutes).json()["cost"]

    assert said["amount"] == str(cost_at(ride, NOON).amount)


@pytest.mark.parametrize("minutes", ["0", "-1", "10081", "1_0", "٣", "30.5", "soon", "", " 3", "\x00"])
def test_minutes_that_mean_nothing_are_named(rider_client: RiderClient, minutes: str) -> None:
    answer = quote(rider_client, make_bike().pk, minutes=minutes)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "minutes")


def test_a_quote_needs_minutes(rider_client: RiderClient) -> None:
    answer = quote(rider_client, make_bike().pk)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "required")


@pytest.mark.parametrize("status", BikeStatus.values)
def test_a_bike_has_a_price_whatever_its_state(rider_client: RiderClient, status: str) -> None:
    answer = quote(rider_client, make_bike(status=status).pk, minutes=5)

    assert (answer.status_code, answer.json()["cost"]["amount"]) == (200, "75.00")


def test_an_unknown_bike_has_no_price(rider_client: RiderClient) -> None:
    answer = quote(rider_client, uuid4(), minutes=5)

    assert (answer.status_code, answer.json()["code"]) == (404, "bike_not_found")


def test_a_quote_takes_one_statement_beside_authentication(rider_client: RiderClient) -> None:
    bike = make_bike()

    with CaptureQueriesContext(connection) as captured:
        quote(rider_client, bike.pk, minutes=5)

    assert len(captured) == 2
