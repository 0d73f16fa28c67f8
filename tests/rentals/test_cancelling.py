"""A ride that should not have been is taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from django.utils import timezone

from bikerental.billing.models import Entry
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.maintenance.constants import OPEN_REPORTS_MAX
from bikerental.maintenance.models import BikeReport
from bikerental.notifications.models import Notification
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.exceptions import RentalNotActiveError
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import (
    rental_cancel,
    rental_return,
    rental_start,
    rentals_forget,
    rentals_settle_left_over,
)
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_station, make_user

pytestmark = pytest.mark.django_db(transaction=True)

RENTALS = "/api/v1/rentals/"


def rent(client: RiderClient, bike: Bike, *, seconds_ago: int = 0) -> str:
    ride = rental_start(rider_id=client.rider.pk, bike_id=bike.pk, now=timezone.now() - timedelta(seconds=seconds_ago))
    return ride.id


def cancel(client: RiderClient, rental_id: str, **body: Any) -> Any:
    key = body.pop("key", None)
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client.post(f"{RENTALS}{rental_id}/cancel/", {"reason": "wrong_bike"} | body, **headers)


def state(rental_id: str) -> tuple[str, str]:
    rental = Rental.objects.select_related("bike").get(pk=rental_id)
    return rental.status, rental.bike.status


def test_a_cancelled_ride_is_free_and_its_bike_is_back(rider_client: RiderClient) -> None:
    station = make_station()
    bike = make_bike(station=station)
    ride = rent(rider_client, bike)

    answer = cancel(rider_client, ride, reason="not_unlocked", text="It beeped.")

    told = answer.json()
    assert (answer.status_code, told["status"], told["end_station"]["id"]) == (200, "cancelled", str(station.pk))
    assert told["cost"] == {"amount": "0.00", "currency": "RUB", "final": True, "lines": []}
    assert rider_client.get(f"{RENTALS}{ride}/").json() == told
    bike.refresh_from_db()
    assert (bike.status, bike.station) == ("available", station)
    last = BikeEvent.objects.order_by("pk").last()
    assert last is not None
    assert (last.event_types, last.state, last.actor, str(last.rental_id)) == (
        ["trip_cancel"], "available", "rider", ride
    )  # fmt: skip
    event = RentalEvent.objects.get(kind="cancelled")
    assert (event.actor, event.reason) == (rider_client.rider, "not_unlocked: It beeped.")


def test_nothing_is_settled_charged_or_sent(rider_client: RiderClient) -> None:
    ride = rent(rider_client, make_bike())
    cancel(rider_client, ride)

    rentals_settle_left_over(now=timezone.now() + timedelta(hours=1))

    assert (Notification.objects.count(), Entry.objects.count(), state(ride)) == (0, 0, ("settled", "available"))
    assert [found for found in reconcile(Window(now=timezone.now())) if found.rows] == []


def test_a_bike_from_the_street_is_back_where_it_stood(rider_client: RiderClient) -> None:
    bike = make_bike(latitude=59.91, longitude=30.29)

    answer = cancel(rider_client, rent(rider_client, bike))

    bike.refresh_from_db()
    assert answer.json()["end_station"] is None
    assert (bike.status, bike.station, bike.latitude, bike.longitude) == ("available", None, 59.91, 30.29)


def test_a_station_that_takes_no_returns_takes_its_bike_back(rider_client: RiderClient) -> None:
    station = make_station()
    ride = rent(rider_client, make_bike(station=station))
    type(station).objects.update(is_returning=False)

    assert cancel(rider_client, ride).status_code == 200


def test_a_broken_bike_is_reported(rider_client: RiderClient) -> None:
    bike = make_bike()

    assert cancel(rider_client, rent(rider_client, bike), reason="broken", text="No chain.").status_code == 200

    report = BikeReport.objects.get()
    assert (report.bike, report.rider, report.kind, report.text, report.counts) == (
        bike, rider_client.rider, "other", "No chain.", True
    )  # fmt: skip


def test_a_rider_with_too_many_reports_still_cancels(rider_client: RiderClient) -> None:
    for _ in range(OPEN_REPORTS_MAX):
        BikeReport.objects.create(bike=make_bike(), rider=rider_client.rider, kind="other")
    ride = rent(rider_client, make_bike())

    assert cancel(rider_client, ride, reason="broken").status_code == 200

    assert (state(ride), BikeReport.objects.count()) == (("settled", "available"), OPEN_REPORTS_MAX)


def test_after_two_minutes_it_is_too_late(rider_client: RiderClient) -> None:
    ride = rent(rider_client, make_bike(), seconds_ago=121)

    answer = cancel(rider_client, ride)

    assert (answer.status_code, answer.json()["code"]) == (409, "cancel_not_allowed")
    assert answer.json()["detail"] == "A ride can be cancelled only soon after its start. Return the bike instead."
    assert state(ride) == ("active", "rented")


def test_a_cancellation_at_the_last_moment_is_accepted() -> None:
    rider, bike = make_user(), make_bike()
    ride = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)

    cancelled = rental_cancel(
        rental_id=Rental.objects.get().pk, rider_id=rider.pk, reason=CancelReason.OTHER, text="",
        now=NOON + timedelta(seconds=120),
    )  # fmt: skip

    assert (cancelled.id, cancelled.status) == (ride.id, "cancelled")


def test_a_fourth_cancellation_in_a_day_is_refused(rider_client: RiderClient) -> None:
    bike = make_bike()
    rides = [rent_and_cancel(rider_client, bike) for _ in range(3)]
    ride = rent(rider_client, bike)

    answer = cancel(rider_client, ride)

    assert (answer.status_code, answer.json()["code"]) == (409, "cancel_not_allowed")
    assert answer.json()["detail"] == "You have cancelled too many rides in 24 hours. Return the bike instead."
    assert state(ride) == ("active", "rented")
    yesterday = timezone.now() - timedelta(hours=24)
    Rental.objects.filter(pk=rides[0]).update(started_at=yesterday, ended_at=yesterday)
    assert cancel(rider_client, ride).status_code == 200


def rent_and_cancel(client: RiderClient, bike: Bike) -> str:
    ride = rent(client, bike)
    assert cancel(client, ride).status_code == 200
    return ride


def test_the_same_key_gives_the_first_answer_again(rider_client: RiderClient) -> None:
    ride = rent(rider_client, make_bike())

    answers = [cancel(rider_client, ride, key="one") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    without = cancel(rider_client, ride)
    assert (without.status_code, without.json()["code"]) == (409, "rental_not_active")


def test_a_ride_that_was_returned_is_not_cancelled(rider_client: RiderClient) -> None:
    ride = rent(rider_client, make_bike())
    rider_client.post(f"{RENTALS}{ride}/return/")

    assert cancel(rider_client, ride).json()["code"] == "rental_not_active"
    assert state(ride) == ("returned", "available")


def test_a_cancelled_ride_is_not_returned() -> None:
    rider, bike = make_user(), make_bike()
    rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    rental = Rental.objects.get()
    rental_cancel(rental_id=rental.pk, rider_id=rider.pk, reason=CancelReason.OTHER, text="", now=NOON)

    with pytest.raises(RentalNotActiveError):
        rental_return(rental_id=rental.pk, rider_id=rider.pk, place=None, now=NOON)


def test_anothers_ride_is_a_404(rider_client: RiderClient) -> None:
    ride = rent(RiderClient(make_user()), make_bike())

    assert cancel(rider_client, ride).status_code == 404
    assert state(ride) == ("active", "rented")


@pytest.mark.parametrize("body", [{"reason": "bored"}, {"reason": None}, {"text": "x" * 401}, {"text": "\0"}])
def test_a_malformed_cancellation_is_a_400(rider_client: RiderClient, body: dict[str, Any]) -> None:
    ride = rent(rider_client, make_bike())

    assert cancel(rider_client, ride, **body).status_code == 400
    assert state(ride) == ("active", "rented")


def test_the_settings_switch_it_off(rider_client: RiderClient, settings: LazySettings) -> None:
    settings.CANCELS_PER_DAY = 0
    ride = rent(rider_client, make_bike())

    assert cancel(rider_client, ride).json()["code"] == "cancel_not_allowed"
    assert state(ride) == ("active", "rented")


def test_the_history_tells_cancelled_from_settled(rider_client: RiderClient) -> None:
    ride = rent_and_cancel(rider_client, make_bike())

    def ids(status: str) -> list[str]:
        return [row["id"] for row in rider_client.get(f"{RENTALS}?status={status}").json()["results"]]

    assert (ids("cancelled"), ids("settled"), ids("returned")) == ([ride], [], [])


def test_a_cancelled_ride_is_forgotten_in_time(rider_client: RiderClient) -> None:
    ride = rent_and_cancel(rider_client, make_bike())

    assert rentals_forget(now=timezone.now() + timedelta(days=2000)) == 1

    rental = Rental.objects.get(pk=ride)
    assert (rental.rider, rental.is_cancelled) == (None, True)
    assert RentalEvent.objects.get(kind="cancelled").reason == ""


@pytest.mark.parametrize("fields", [{"cost_amount": 1}, {"status": "returned"}])
def test_the_database_holds_that_it_is_free_and_final(rider_client: RiderClient, fields: dict[str, Any]) -> None:
    rent_and_cancel(rider_client, make_bike())

    with pytest.raises(IntegrityError), transaction.atomic():
        Rental.objects.update(**fields)
