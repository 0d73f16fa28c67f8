"""All that is held about a rider, and the end of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bikerental.notifications.models import Notification
from bikerental.rentals.models import RentalEvent
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_rental, make_returned_rental, make_user

pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"


def test_the_export_holds_all_about_the_caller_and_nobody_else(rider_client: RiderClient) -> None:
    rider, other = rider_client.rider, make_user()
    rides = [make_returned_rental(rider=rider, started_at=NOON + timedelta(hours=hours)) for hours in range(2)]
    make_returned_rental(rider=other)
    for number, user in enumerate((rider, other)):
        Notification.objects.create(kind="receipt", recipient=user, key=f"receipt:{number}", language="en")

    document = rider_client.get(f"{ME}export/").json()

    profile = {name: document["profile"][name] for name in ("id", "name", "email")}
    assert profile == {"id": str(rider.pk), "name": rider.name, "email": rider.email}
    assert [ride["id"] for ride in document["rentals"]] == [str(ride.pk) for ride in rides]
    assert len(document["sessions"]) == 1
    message = Notification.objects.get(recipient=rider)
    assert [each["id"] for each in document["notifications"]] == [str(message.pk)]


def test_what_operators_wrote_about_the_rides_goes_with_the_account(rider_client: RiderClient) -> None:
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
