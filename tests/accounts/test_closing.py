"""A rider closes the account."""

import pytest
from django.utils import timezone

from bikerental.rentals.models import RentalEvent
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_rental, make_returned_rental, make_user

pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"


def test_operators_reasons_go_with_the_account(rider_client: RiderClient) -> None:
    for rider in (rider_client.rider, make_user()):
        rental = make_returned_rental(rider=rider)
        RentalEvent.objects.create(rental=rental, kind="ended_by_operator", happened_at=NOON, reason=rider.name)

    assert rider_client.delete(ME, {"password": PASSWORD}).status_code == 204

    reasons = dict(RentalEvent.objects.values_list("rental__rider__name", "reason"))
    assert reasons.pop("") == ""
    assert [name == reason for name, reason in reasons.items()] == [True]


def test_an_account_does_not_close_during_a_ride(rider_client: RiderClient) -> None:
    make_rental(rider=rider_client.rider, started_at=timezone.now())

    answer = rider_client.delete(ME, {"password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "rental_in_progress")
