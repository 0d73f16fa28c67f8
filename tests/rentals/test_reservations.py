"""A bike held for a rider: begun, used, given up, run out, taken away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bikerental.accounts.services import account_close_with_ride, accounts_close_unless_riding
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.fleet.services import bikes_return_to_service, bikes_send_to_maintenance
from bikerental.maintenance.services import bike_report_create
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_deliver_left_over
from bikerental.rentals import tasks
from bikerental.rentals.models import Rental, Reservation
from bikerental.rentals.services import (
    rental_start,
    reservation_start,
    reservations_expire,
    reservations_purge,
)
from bikerental.rentals.types import RideEnd
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_bike, make_rental, make_station, make_user

pytestmark = pytest.mark.django_db(transaction=True)

RESERVATIONS, CURRENT, RENTALS = "/api/v1/reservations/", "/api/v1/reservations/current/", "/api/v1/rentals/"


def hold(bike: Bike, rider: User | None = None) -> Reservation:
    made = reservation_start(rider_id=(rider or make_user()).pk, bike_id=bike.pk, now=NOON)
    return Reservation.objects.get(pk=made.id)


def run_out(reservation: Reservation, seconds: int = 0) -> None:
    """By the database's clock, so many seconds ago."""
    ago = timezone.now() - timedelta(seconds=seconds)
    Reservation.objects.filter(pk=reservation.pk).update(created_at=ago - timedelta(minutes=10), expires_at=ago)


def state(bike: Bike) -> str:
    return Bike.objects.get(pk=bike.pk).status


def log(bike: Bike) -> list[tuple[Any, ...]]:
    rows = BikeEvent.objects.filter(bike=bike).order_by("pk")
    return list(rows.values_list("event_types__0", "state", "actor", "reservation_id"))


def test_a_reserved_bike_waits_for_its_rider(rider_client: RiderClient) -> None:
    bike = make_bike(station=make_station())

    answer = rider_client.post(RESERVATIONS, {"bike_number": bike.number})

    row = Reservation.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(row.pk), "status": "active", "ended_at": None,
        "bike": {"id": str(bike.pk), "number": bike.number,
                 "model": {"id": str(bike.model_id), "name": "City", "propulsion": "human"}},
        "created_at": answer.json()["created_at"], "expires_at": answer.json()["expires_at"],
    }  # fmt: skip
    assert row.expires_at - row.created_at == timedelta(minutes=10)
    assert rider_client.get(CURRENT).json() == answer.json()
    assert log(bike) == [("reservation_start", "reserved", "rider", row.pk)]
    assert rider_client.get("/api/v1/bikes/").json()["results"] == []
    assert [found["status"] for found in rider_client.get("/api/v1/bikes/?status=reserved").json()["results"]] == [
        "reserved"
    ]


def test_a_key_makes_a_retry_safe(rider_client: RiderClient) -> None:
    bike = make_bike()

    answers = [rider_client.post(RESERVATIONS, {"bike": str(bike.pk)}, HTTP_IDEMPOTENCY_KEY="one") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize("status", ["rented", "reserved", "maintenance", "retired"])
def test_only_a_free_bike_is_reserved(rider_client: RiderClient, status: str) -> None:
    bike = make_bike(status=status)

    answer = rider_client.post(RESERVATIONS, {"bike": str(bike.pk)})

    assert (answer.status_code, answer.json()["code"]) == (409, "bike_unavailable")
    assert (state(bike), Reservation.objects.count()) == (status, 0)


def test_an_unknown_bike_is_a_404(rider_client: RiderClient) -> None:
    assert rider_client.post(RESERVATIONS, {"bike": str(uuid4())}).json()["code"] == "bike_not_found"
    assert rider_client.post(RESERVATIONS, {}).status_code == 400


@pytest.mark.parametrize("same", [True, False])
def test_a_rider_holds_one_bike_at_a_time(rider_client: RiderClient, same: bool) -> None:
    bike, other = make_bike(), make_bike()
    hold(bike, rider_client.rider)

    answer = rider_client.post(RESERVATIONS, {"bike": str((bike if same else other).pk)})

    assert (answer.status_code, answer.json()["code"]) == (409, "reservation_in_progress")
    assert (state(bike), state(other)) == ("reserved", "available")


def test_no_bike_is_held_during_a_ride(rider_client: RiderClient) -> None:
    bike = make_bike()
    make_rental(rider=rider_client.rider)

    answer = rider_client.post(RESERVATIONS, {"bike": str(bike.pk)})

    assert (answer.status_code, answer.json()["code"]) == (409, "rental_in_progress")
    assert state(bike) == "available"


def test_zero_minutes_switch_reservations_off(rider_client: RiderClient, settings: LazySettings) -> None:
    settings.RESERVATION_MINUTES = 0
    bike = make_bike()

    answer = rider_client.post(RESERVATIONS, {"bike": str(bike.pk)})

    assert (answer.status_code, answer.json()["code"]) == (403, "reservations_off")
    assert state(bike) == "available"


def test_a_rider_with_an_unconfirmed_address_cannot_reserve(settings: LazySettings) -> None:
    settings.UNCONFIRMED_MAY_RENT = False
    bike, client = make_bike(), RiderClient(make_user(email_confirmed_at=None))

    answer = client.post(RESERVATIONS, {"bike": str(bike.pk)})

    assert (answer.status_code, state(bike)) == (403, "available")


def test_a_reservation_is_given_up(rider_client: RiderClient) -> None:
    bike = make_bike()
    made = hold(bike, rider_client.rider)
    path = f"{RESERVATIONS}{made.pk}/"

    assert rider_client.delete(path).status_code == 204

    made.refresh_from_db()
    assert (made.status, state(bike)) == ("cancelled", "available")
    assert log(bike)[-1] == ("reservation_cancel", "available", "rider", made.pk)
    again = rider_client.delete(path)
    assert (again.status_code, again.json()["code"]) == (409, "reservation_not_active")
    assert rider_client.get(CURRENT).json()["code"] == "no_active_reservation"


def test_anothers_reservation_is_a_404(rider_client: RiderClient) -> None:
    made = hold(make_bike())

    assert rider_client.delete(f"{RESERVATIONS}{made.pk}/").status_code == 404

    made.refresh_from_db()
    assert made.status == "active"


def test_renting_the_held_bike_uses_the_hold(rider_client: RiderClient) -> None:
    bike = make_bike(station=make_station())
    made = hold(bike, rider_client.rider)

    answer = rider_client.post(RENTALS, {"bike": str(bike.pk)})

    made.refresh_from_db()
    assert (answer.status_code, made.status, state(bike)) == (201, "used", "rented")
    assert log(bike)[1:] == [("trip_start", "rented", "rider", made.pk)]
    assert answer.json()["start_station"]["id"] == str(bike.station_id)


def test_renting_another_bike_gives_the_hold_up(rider_client: RiderClient) -> None:
    for number in ("A", "Z"):  # whichever id is the lesser
        held, other = make_bike(number=f"{number}-1"), make_bike(number=f"{number}-2")
        held, other = (held, other) if number == "A" else (other, held)
        made = hold(held, rider_client.rider)

        ride = rider_client.post(RENTALS, {"bike_number": other.number}).json()

        made.refresh_from_db()
        assert (made.status, state(held), state(other)) == ("cancelled", "available", "rented")
        rider_client.post(f"{RENTALS}{ride['id']}/return/")


def test_a_bike_that_another_holds_is_not_rented(rider_client: RiderClient) -> None:
    bike = make_bike()
    made = hold(bike)

    answer = rider_client.post(RENTALS, {"bike": str(bike.pk)})

    made.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (409, "bike_unavailable")
    assert (made.status, state(bike)) == ("active", "reserved")


@pytest.mark.parametrize("path", [RENTALS, RESERVATIONS])
def test_a_hold_that_ran_out_does_not_keep_the_bike(rider_client: RiderClient, path: str) -> None:
    bike = make_bike()
    made = hold(bike)
    run_out(made)

    answer = rider_client.post(path, {"bike": str(bike.pk)})

    made.refresh_from_db()
    assert (answer.status_code, made.status, made.ended_at) == (201, "expired", made.expires_at)
    assert state(bike) == ("rented" if path == RENTALS else "reserved")
    assert log(bike)[1] == ("reservation_cancel", "available", "system", made.pk)


def test_a_riders_own_hold_that_ran_out_does_not_count(rider_client: RiderClient) -> None:
    bike, other = make_bike(), make_bike()
    made = hold(bike, rider_client.rider)
    run_out(made)

    assert rider_client.get(CURRENT).status_code == 404
    assert rider_client.delete(f"{RESERVATIONS}{made.pk}/").json()["code"] == "reservation_not_active"
    assert rider_client.post(RESERVATIONS, {"bike": str(other.pk)}).status_code == 201

    made.refresh_from_db()
    assert (made.status, state(bike), state(other)) == ("expired", "available", "reserved")


def test_the_sweep_ends_what_ran_out_and_nothing_else() -> None:
    bike, other = make_bike(), make_bike()
    over, going_on = hold(bike), hold(other)
    run_out(over, seconds=3)

    tasks.expire_reservations()

    over.refresh_from_db()
    going_on.refresh_from_db()
    assert (over.status, over.ended_at, going_on.status) == ("expired", over.expires_at, "active")
    assert (state(bike), state(other)) == ("available", "reserved")
    assert log(bike)[-1] == ("reservation_cancel", "available", "system", over.pk)
    assert reservations_expire(now=NOON) == 0


def test_the_same_bike_again_has_to_wait_twenty_minutes(rider_client: RiderClient) -> None:
    bike = make_bike()
    made = hold(bike, rider_client.rider)
    rider_client.delete(f"{RESERVATIONS}{made.pk}/")

    answer = rider_client.post(RESERVATIONS, {"bike": str(bike.pk)})

    assert (answer.status_code, answer.json()["code"], state(bike)) == (409, "reservation_refused", "available")
    assert 1190 < int(answer.headers["Retry-After"]) <= 1200
    Reservation.objects.update(ended_at=timezone.now() - timedelta(minutes=20))
    assert rider_client.post(RESERVATIONS, {"bike": str(bike.pk)}).status_code == 201


def test_a_sixth_hold_after_five_unused_is_refused(rider_client: RiderClient) -> None:
    for hours in (23, 22, 21, 20, 19):
        made = hold(make_bike(), rider_client.rider)
        ended = timezone.now() - timedelta(hours=hours)
        Reservation.objects.filter(pk=made.pk).update(
            status="expired", created_at=ended, expires_at=ended, ended_at=ended
        )
    bike = make_bike()

    answer = rider_client.post(RESERVATIONS, {"bike": str(bike.pk)})

    assert (answer.status_code, answer.json()["code"], state(bike)) == (409, "reservation_refused", "available")
    assert 3590 < int(answer.headers["Retry-After"]) <= 3600
    oldest = Reservation.objects.order_by("ended_at")[0]
    Reservation.objects.filter(pk=oldest.pk).update(status="used")
    assert rider_client.post(RESERVATIONS, {"bike": str(bike.pk)}).status_code == 201


def test_an_operator_takes_a_held_bike_and_its_rider_is_told(rider_client: RiderClient) -> None:
    bike = make_bike()
    made, by = hold(bike, rider_client.rider), uuid4()

    assert bikes_send_to_maintenance(bike_ids=[bike.pk], operator_id=by, now=NOON) == 1

    made.refresh_from_db()
    assert (made.status, made.counts, state(bike)) == ("cancelled", False, "maintenance")
    assert [row[:3] for row in log(bike)][1:] == [
        ("reservation_cancel", "available", "operator"), ("maintenance", "maintenance", "operator")
    ]  # fmt: skip
    told = Notification.objects.get()
    assert (told.kind, told.recipient_id, told.context) == (
        "reservation_taken_away", rider_client.rider.pk, {"bike_number": bike.number}
    )  # fmt: skip
    # It does not count as unused: the rider may have this bike again at once.
    bikes_return_to_service(bike_ids=[bike.pk], operator_id=by, now=NOON)
    assert rider_client.post(RESERVATIONS, {"bike": str(bike.pk)}).status_code == 201


def test_the_rider_is_not_told_of_a_reservation_that_ran_out() -> None:
    bike = make_bike()
    made = hold(bike)
    run_out(made)

    assert bikes_send_to_maintenance(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON) == 1

    made.refresh_from_db()
    assert (made.status, made.counts, state(bike)) == ("expired", True, "maintenance")
    assert not Notification.objects.exists()


def test_reports_take_a_held_bike_away() -> None:
    bike = make_bike()
    made = hold(bike)

    for rider in (make_user(), make_user()):
        bike_report_create(bike_id=bike.pk, rider_id=rider.pk, kind="brakes", text="", counts=True, now=NOON)

    made.refresh_from_db()
    assert (made.status, state(bike), Notification.objects.count()) == ("cancelled", "maintenance", 1)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_rider_gets_the_end_of_a_reservation_by_mail(language: str, mailoutbox: list[Any]) -> None:
    bike = make_bike(number="B-7")
    hold(bike, make_user(language=language))

    bikes_send_to_maintenance(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)
    notifications_deliver_left_over(now=timezone.now() + timedelta(minutes=1))

    assert [mail.subject for mail in mailoutbox] == [
        {"en": "Your reservation has ended", "ru": "Ваша бронь окончена"}[language]
    ]
    assert "B-7" in mailoutbox[0].body


def test_an_erased_account_holds_no_bike(rider_client: RiderClient) -> None:
    bike = make_bike()
    made = hold(bike, rider_client.rider)

    assert rider_client.delete("/api/v1/me/", {"password": PASSWORD}).status_code == 204

    made.refresh_from_db()
    assert (made.status, state(bike)) == ("cancelled", "available")


def close(rider: User, operator: User) -> None:
    accounts_close_unless_riding(user_ids=[rider.pk], operator_id=operator.pk, now=NOON)


def close_with_ride(rider: User, operator: User) -> None:
    account_close_with_ride(user_id=rider.pk, operator=operator, end=RideEnd("x"), now=NOON)


# The second one ends a ride too, but that may have ended before, and its rider may have reserved a bike since.
@pytest.mark.parametrize("closing", [close, close_with_ride])
def test_a_closed_account_holds_no_bike(closing: Callable[[User, User], None]) -> None:
    bike, rider, operator = make_bike(), make_user(), make_user(is_staff=True)
    made = hold(bike, rider)

    closing(rider, operator)

    made.refresh_from_db()
    event = BikeEvent.objects.filter(bike=bike).latest("pk")
    assert (made.status, state(bike)) == ("cancelled", "available")
    assert (event.actor, event.operator_id) == ("operator", operator.pk)
    assert not User.objects.get(pk=rider.pk).is_active


def test_the_export_has_them(rider_client: RiderClient) -> None:
    bike = make_bike()
    made = hold(bike, rider_client.rider)

    exported = rider_client.get("/api/v1/me/export/").json()["reservations"]

    assert [(row["id"], row["bike_number"], row["status"]) for row in exported] == [
        (str(made.pk), bike.number, "active")
    ]


def test_old_reservations_are_deleted(settings: LazySettings) -> None:
    settings.RIDE_RETENTION_DAYS = 400
    old, young, going_on = hold(make_bike()), hold(make_bike()), hold(make_bike())
    for made, days in ((old, 401), (young, 399)):
        Reservation.objects.filter(pk=made.pk).update(status="used", ended_at=NOON - timedelta(days=days))

    assert reservations_purge(now=NOON) == 1

    assert set(Reservation.objects.all()) == {young, going_on}


def test_an_operator_ends_a_reservation_in_the_admin(client: Client) -> None:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    bike = make_bike()
    made = hold(bike)
    url = reverse("admin:rentals_reservation_changelist")

    answer = client.post(url, {"action": "end", "_selected_action": [str(made.pk)]}, follow=True)

    made.refresh_from_db()
    assert [str(message) for message in answer.context["messages"]] == ["1 reservation ended; its rider is told."]
    assert (made.status, state(bike), Notification.objects.count()) == ("cancelled", "available", 1)
    assert client.get(url, {"q": bike.number}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [({"status": "used"}, "reservation_ended_unless_active"),
     ({"ended_at": NOON}, "reservation_ended_unless_active"),
     ({"status": "lost", "ended_at": NOON}, "reservation_ended_unless_active"),
     ({"expires_at": NOON - timedelta(days=9999)}, "reservation_expires_later")],
)  # fmt: skip
def test_nonsense_is_refused(fields: dict[str, Any], constraint: str) -> None:
    made = hold(make_bike())

    with pytest.raises(IntegrityError, match=constraint):
        Reservation.objects.filter(pk=made.pk).update(**fields)


@pytest.mark.parametrize("of", ["rider", "bike"])
def test_the_database_holds_one_active_for_each(of: str) -> None:
    made = hold(make_bike())
    other = {"rider": make_user(), "bike": make_bike()} | {of: getattr(made, of)}

    with pytest.raises(IntegrityError, match=f"reservation_one_active_per_{of}"), transaction.atomic():
        Reservation.objects.create(**other, expires_at=timezone.now() + timedelta(minutes=1))


def test_a_rent_without_a_hold_costs_no_statement_more(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    rider, bike = make_user(), make_bike()

    with django_assert_num_queries(5):
        rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)

    assert Rental.objects.get().bike_id == UUID(str(bike.pk))


def test_a_rent_of_a_held_bike_costs_two_statements_more(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    rider, bike = make_user(), make_bike()
    hold(bike, rider)

    with django_assert_num_queries(7):
        rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
