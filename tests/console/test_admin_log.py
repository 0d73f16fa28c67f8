"""What operators do in the admin is in the same log as what they do in the console."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from bikerental.console.models import Action
from bikerental.core.models import FailedRow
from bikerental.feeds.models import Agency
from bikerental.fleet.models import Bike, Station
from bikerental.maintenance.models import BikeReport
from bikerental.rentals.models import Reservation
from bikerental.users.models import User
from tests.billing.ledger import charge, make_account
from tests.console.conftest import browser_of
from tests.factories import (
    NOON,
    make_bike,
    make_claim,
    make_rental,
    make_settled_rental,
    make_station,
    make_tariff,
    make_user,
)
from tests.http.pages import open_form
from tests.support.russian import english_texts

pytestmark = pytest.mark.django_db


def act(client: Client, model: str, action: str, *rows: Any, **fields: Any) -> Any:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **fields}
    return client.post(reverse(f"admin:{model}_changelist"), data)


def noted(*columns: str) -> list[tuple[Any, ...]]:
    return list(Action.objects.order_by("id").values_list("kind", *columns))


@pytest.mark.parametrize(
    ("action", "status", "kind", "told"),
    [
        ("send_to_maintenance", "available", "bike_out", "Sent to maintenance."),
        ("return_to_service", "maintenance", "bike_back", "Returned to service."),
        ("pick_up", "available", "bike_picked_up", "Picked up."),
        ("drop_off", "maintenance", "bike_dropped_off", "Dropped off."),
        ("decommission", "maintenance", "bike_retired", "Decommissioned."),
    ],
)
def test_a_move_is_logged_for_the_bikes_that_moved(
    admin_client: Client, admin_user: User, action: str, status: str, kind: str, told: str
) -> None:
    bike = make_bike(status=status)
    ridden = make_rental().bike

    act(admin_client, "fleet_bike", action, bike, ridden)

    assert noted("bike_id", "operator_id") == [(kind, bike.pk, admin_user.pk)]
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (str(bike.pk), told)


def test_a_changed_tariff_of_a_bike_is_logged(admin_client: Client) -> None:
    bike, tariff = make_bike(), make_tariff(name="Evening")

    act(admin_client, "fleet_bike", "set_tariff", bike, tariff=str(tariff.pk))

    assert noted("bike_id", "details") == [("tariff_set", bike.pk, {"tariff": "Evening"})]


def test_the_end_of_a_ride_is_logged_with_its_reason(admin_client: Client) -> None:
    ride = make_rental()
    page = reverse("admin:rentals_rental_end", args=[ride.pk])

    admin_client.post(page, {"place": "taken", "reason": "The lock is stuck"})
    admin_client.post(page, {"place": "taken", "reason": "The lock is stuck"})  # it has ended

    assert noted("rental_id", "bike_id", "rider_id", "reason") == [
        ("ride_ended", ride.pk, ride.bike_id, ride.rider_id, "The lock is stuck")
    ]


def test_a_correction_and_a_decision_are_logged_once(admin_client: Client) -> None:
    ride, claim = make_settled_rental(), make_claim()
    for page, key in (
        (reverse("admin:rentals_rental_correct", args=[ride.pk]), uuid4()),
        (reverse("admin:claims_claim_decide", args=[claim.pk]), uuid4()),
    ):
        for _click in range(2):
            admin_client.post(page, {"how": "all", "reason": "We looked", "key": str(key)})

    assert noted("rental_id", "claim_id", "reason") == [
        ("ride_corrected", ride.pk, None, "We looked"),
        ("claim_decided", claim.rental_id, claim.pk, "We looked"),
    ]


def test_a_booking_is_logged_with_its_amount(admin_client: Client) -> None:
    account = make_account(rider=make_user())
    charge(account, "145.00", uuid4())
    form = {"key": str(uuid4()), "amount": "45.00", "reason": "At the desk", "method": "cash"}

    admin_client.post(reverse("admin:billing_account_book", args=[account.pk, "payment"]), form)

    rows = noted("rider_id", "reason", "details")
    details = {"entry": "payment", "amount": "45.00 RUB"}
    assert rows == [("entry_booked", account.rider_id, "At the desk", details)]


def test_actions_on_an_account_are_logged(admin_client: Client) -> None:
    rider = make_user()
    for action in ("end_sessions", "close_accounts", "reopen_accounts"):
        act(admin_client, "users_user", action, rider)

    assert noted("rider_id") == [
        ("sessions_ended", rider.pk), ("rider_blocked", rider.pk), ("rider_unblocked", rider.pk)
    ]  # fmt: skip


def test_ended_reports_and_reservations_are_logged(admin_client: Client) -> None:
    report = BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="lights")
    closed = BikeReport.objects.create(
        bike=make_bike(), rider=make_user(), kind="lights", state="resolved", closed_at=NOON
    )
    hold = Reservation.objects.create(
        rider=make_user(), bike=make_bike(status="reserved"), created_at=NOON, expires_at=NOON.replace(year=2099)
    )

    act(admin_client, "maintenance_bikereport", "dismiss", report, closed)
    act(admin_client, "rentals_reservation", "end", hold)

    assert noted("bike_id", "rider_id") == [
        ("report_closed", report.bike_id, report.rider_id), ("reservation_ended", hold.bike_id, hold.rider_id)
    ]  # fmt: skip


def test_every_form_is_logged_without_its_values(admin_client: Client) -> None:
    admin_client.post(reverse("admin:fleet_tariff_add"), {})  # refused
    station = make_station(name="Old")
    page = reverse("admin:fleet_station_change", args=[station.pk])
    admin_client.post(page, open_form(admin_client, page) | {"name": "New"})
    admin_client.post(reverse("admin:fleet_station_delete", args=[station.pk]), {"post": "yes"})

    assert not Station.objects.exists()
    thing = {"model": "fleet.station", "row": str(station.pk)}
    assert noted("station_id", "details") == [
        ("admin_changed", station.pk, thing | {"fields": "Name"}), ("admin_deleted", station.pk, thing)
    ]  # fmt: skip


def test_every_other_action_is_logged(admin_client: Client) -> None:
    agency = Agency.objects.create(name="Transport", token_digest="1")

    act(admin_client, "feeds_agency", "end", agency)

    details = {"model": "feeds.agency", "row": str(agency.pk), "action": "end"}
    assert noted("details") == [("admin_acted", details)]


def test_a_confirmation_page_is_not_logged(admin_client: Client) -> None:
    row = FailedRow.objects.create(task="t", row_id="1", error="e", failed_at=NOON, retry_at=NOON)

    act(admin_client, "auth_group", "delete_selected")
    act(browser_of("viewer"), "fleet_bike", "decommission", make_bike())

    assert FailedRow.objects.get() == row
    assert noted() == []


def test_the_log_is_in_the_operators_language(admin_client: Client) -> None:
    station = make_station(name="Площадь")
    page = reverse("admin:fleet_station_change", args=[station.pk])
    admin_client.post(page, open_form(admin_client, page) | {"name": "Новая"})
    act(admin_client, "feeds_agency", "end", Agency.objects.create(name="Комитет", token_digest="1"))
    User.objects.update(name="Оператор")

    log = admin_client.get(reverse("console:log"), headers={"Accept-Language": "ru"}).content.decode()

    assert f'<a href="{page}">Станция</a>' in log
    assert "изменил в админке" in log
    assert english_texts(admin_client, reverse("console:log")) <= {"EN", "bikerental", "· bikerental"}


def test_a_row_of_the_log_is_found_by_bike(admin_client: Client) -> None:
    bike, other = make_bike(), make_bike()
    act(admin_client, "fleet_bike", "send_to_maintenance", bike, other)

    found: UUID = Action.objects.get(bike_id=bike.pk).pk
    page = admin_client.get(reverse("console:log"), {"bike": str(bike.pk)})

    assert page.context_data
    assert [action.pk for action in page.context_data["page"].rows] == [found]
    assert Bike.objects.filter(status="maintenance").count() == 2
