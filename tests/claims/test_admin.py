"""Operators decide claims and correct rides in the admin, with a reason, once."""

import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from bikerental.billing.models import Entry
from bikerental.billing.selectors import cost_of_ride
from bikerental.claims.models import Claim
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental
from tests.factories import NOON, make_claim, make_rental, make_returned_rental, make_settled_rental, make_user

pytestmark = pytest.mark.django_db(transaction=True)
CLAIMS, RIDES = reverse("admin:claims_claim_changelist"), reverse("admin:rentals_rental_changelist")


class Desk:
    """An operator who may decide claims and correct rides."""

    def __init__(self, rights: Iterable[str] = ("view_claim", "change_claim", "view_rental", "change_rental")) -> None:
        self.operator = make_user(is_staff=True)
        self.operator.user_permissions.set(Permission.objects.filter(codename__in=rights))
        self.client = Client()
        self.client.force_login(self.operator)

    def send(self, row: Claim | Rental, **fields: Any) -> Any:
        form = {"key": str(uuid4()), "how": "all", "reason": "We looked."}
        return self.client.post(page_of(row), form | fields)


def page_of(row: Claim | Rental) -> str:
    name = "claims_claim_decide" if isinstance(row, Claim) else "rentals_rental_correct"
    return reverse(f"admin:{name}", args=[row.pk])


def end_at(minutes: int) -> dict[str, str]:
    # As the operator sees the time: the city's own.
    at = (NOON + timedelta(minutes=minutes)).astimezone(ZoneInfo("Europe/Moscow"))
    return {"how": "end", "ended_at_0": at.date().isoformat(), "ended_at_1": at.time().isoformat()}


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("fields", "status", "cost", "logged"),
    [
        (end_at(10), "accepted", "100.00", "Decided: end 2026-06-15T15:10:00+03:00."),
        ({"how": "amount", "amount": "45.00"}, "accepted", "100.00", "Decided: amount 45.00."),
        ({"how": "all"}, "accepted", "0.00", "Decided: all."),
        ({"how": "no"}, "rejected", "145.00", "Decided: no."),
    ],
)
def test_the_form_decides_a_claim(desk: Desk, fields: dict[str, str], status: str, cost: str, logged: str) -> None:
    claim = make_claim()
    assert desk.client.get(page_of(claim)).status_code == 200

    answer = desk.send(claim, **fields)

    assert (answer.status_code, answer["Location"]) == (302, CLAIMS)
    claim.refresh_from_db()
    assert (claim.status, claim.decided_by, claim.answer) == (status, desk.operator, "We looked.")
    assert cost_of_ride(rental_id=claim.rental_id) == Decimal(cost)
    row = LogEntry.objects.get()
    assert (row.object_id, row.user, row.get_change_message()) == (str(claim.pk), desk.operator, logged)


@pytest.mark.parametrize(
    ("fields", "cost"), [(end_at(10), "100.00"), ({"how": "amount", "amount": "45.00"}, "100.00"), ({}, "0.00")]
)
def test_the_form_corrects_a_ride(desk: Desk, fields: dict[str, str], cost: str) -> None:
    ride = make_returned_rental()
    assert desk.client.get(page_of(ride)).status_code == 200

    answer = desk.send(ride, **fields)

    assert (answer.status_code, answer["Location"]) == (302, RIDES)
    assert cost_of_ride(rental_id=ride.pk) == Decimal(cost)
    entry = Entry.objects.get(kind="adjustment")
    assert (entry.actor, entry.reason) == (desk.operator, "We looked.")
    assert LogEntry.objects.get().object_id == str(ride.pk)


@pytest.mark.parametrize("make", [make_claim, make_returned_rental])
@pytest.mark.parametrize("fields", [end_at(10), {"how": "amount", "amount": "45.00"}, {"how": "all"}])
def test_a_double_click_decides_once(desk: Desk, make: Any, fields: dict[str, str]) -> None:
    row = make()
    key = re.search(r'name="key" value="([^"]+)"', desk.client.get(page_of(row)).content.decode())
    assert key

    answers = [desk.send(row, key=key[1], **fields) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Entry.objects.filter(kind="adjustment").count() == 1
    assert LogEntry.objects.count() == 1
    assert Notification.objects.filter(kind__in=["claim_decided", "ride_adjusted"]).count() == 1
    shown = desk.client.get(answers[1]["Location"]).context["messages"]
    assert {message.level_tag for message in shown} == {"success"}


def test_a_second_operator_is_told_that_it_is_decided(desk: Desk) -> None:
    claim = make_claim()
    desk.send(claim)
    second = Desk()

    answer = second.send(claim, how="no")

    shown = [str(message) for message in second.client.get(answer["Location"]).context["messages"]]
    assert shown == ["This claim has been decided already. Nothing was changed."]
    claim.refresh_from_db()
    assert (claim.status, claim.decided_by, LogEntry.objects.count()) == ("accepted", desk.operator, 1)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"how": "never"}, "how"),
        ({"how": "end"}, "ended_at"),
        (end_at(30), "ended_at"),
        (end_at(-1), "ended_at"),
        ({"how": "amount"}, "amount"),
        ({"how": "amount", "amount": "0"}, "amount"),
        ({"how": "amount", "amount": "145.01"}, "amount"),
        ({"how": "amount", "amount": "much"}, "amount"),
        ({"key": "x"}, "key"),
    ],
)
@pytest.mark.parametrize("make", [make_claim, make_settled_rental])
def test_an_invalid_form_changes_nothing(desk: Desk, make: Any, fields: dict[str, str], field: str) -> None:
    row = make()

    answer = desk.send(row, **fields)

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert [entry.kind for entry in Entry.objects.all()] == ["charge"]
    assert not LogEntry.objects.exists()


def test_a_running_ride_is_not_corrected(desk: Desk) -> None:
    answer = desk.send(make_rental())

    assert answer.status_code == 302
    assert not Entry.objects.exists()


@pytest.mark.parametrize("make", [make_claim, make_settled_rental])
def test_view_rights_alone_decide_nothing(make: Any) -> None:
    desk, row = Desk(["view_claim", "view_rental"]), make()

    assert desk.client.get(page_of(row)).status_code == 403
    assert desk.send(row).status_code == 403

    assert not Entry.objects.filter(kind="adjustment").exists()


def test_the_lists_show_what_was_taken_off(desk: Desk) -> None:
    claim = make_claim()
    assert page_of(claim) in desk.client.get(CLAIMS).content.decode()

    desk.send(claim, how="amount", amount="45.00")

    claims, rides = (desk.client.get(page).content.decode() for page in (CLAIMS, RIDES))
    assert page_of(claim) not in claims
    assert "45.00 RUB" in claims
    assert "100.00 RUB" in rides
    assert page_of(claim.rental) in rides
    assert desk.client.get(reverse("admin:claims_claim_change", args=[claim.pk])).status_code == 200


def test_the_pages_are_in_russian_too(desk: Desk) -> None:
    page = desk.client.get(page_of(make_claim()), headers={"Accept-Language": "ru"}).content.decode()

    assert "нет: поездка стоит столько, сколько стоит" in page
    assert "Неверная сумма" in page
