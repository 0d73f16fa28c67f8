"""An operator who may only view."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from bikerental.maintenance.models import BikeReport
from bikerental.rentals.models import RentalEvent
from tests.factories import NOON, make_bike, make_rental, make_user

pytestmark = pytest.mark.django_db


def operator(*rights: str) -> Client:
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


def test_view_rights_alone_end_no_ride() -> None:
    rental = make_rental()
    page = reverse("admin:rentals_rental_end", args=[rental.pk])

    answer = operator("view_rental").post(page, {"place": "taken", "reason": "lost"})

    rental.refresh_from_db()
    assert (answer.status_code, rental.status) == (403, "active")


def test_the_right_to_change_rides_ends_one() -> None:
    rental = make_rental()
    page = reverse("admin:rentals_rental_end", args=[rental.pk])

    answer = operator("view_rental", "change_rental").post(page, {"place": "taken", "reason": "lost"})

    rental.refresh_from_db()
    event = RentalEvent.objects.get(kind="ended_by_operator")
    assert (answer.status_code, rental.status, event.reason) == (302, "returned", "lost")


@pytest.mark.parametrize(
    ("rights", "state"), [(["view_bikereport"], "open"), (["view_bikereport", "change_bikereport"], "resolved")]
)
def test_view_rights_alone_close_no_report(rights: list[str], state: str) -> None:
    report = BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="saddle", created_at=NOON)
    page = reverse("admin:maintenance_bikereport_changelist")

    operator(*rights).post(page, {"action": "resolve", "_selected_action": [str(report.pk)]})

    report.refresh_from_db()
    assert report.state == state
