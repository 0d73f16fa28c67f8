"""Riders in the console: search, their page, and actions on their rides and accounts."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bikerental.billing.models import Account, Entry
from bikerental.billing.services import payment_book
from bikerental.billing.types import Booking
from bikerental.console.models import Action
from bikerental.rentals.models import Rental
from bikerental.users.models import User
from tests.console.conftest import browser_of
from tests.console.forms import fields_of, words_of
from tests.factories import NOON, make_bike, make_claim, make_rental, make_settled_rental, make_user

pytestmark = pytest.mark.django_db
RIDERS = "/admin/console/riders/"


@pytest.mark.parametrize("words", ["ann@example.org", "ANN@EXAMPLE", "nn@exam", "Ann Le", "lee"])
def test_a_rider_is_found_by_a_part_of_e_mail_or_name(support: Client, words: str) -> None:
    rider = make_user(email="ann@example.org", name="Ann Lee")
    make_user(email="ben@example.com", name="Ben")

    answer = support.get(RIDERS, {"q": words})

    assert answer["Location"] == f"{RIDERS}{rider.pk}/"


@pytest.mark.parametrize("words", ["An", "", "%", "_", "\0", "nobody@example.org", "'"])
def test_a_search_for_too_little_finds_nobody(support: Client, words: str) -> None:
    make_user(email="ann@example.org", name="Ann")

    answer = support.get(RIDERS, {"q": words})

    assert answer.status_code in (200, 400)
    assert b"ann@example.org" not in answer.content


def test_rides_are_found_by_bike_ride_and_claim(support: Client) -> None:
    ride = make_settled_rental(bike=make_bike(number="K-000123"))
    claim = make_claim(ride)
    make_settled_rental()

    for words in ("к000123", str(ride.pk), str(claim.pk)):
        page = support.get(RIDERS, {"q": words}).content.decode()
        assert re.findall(r"/console/ride/([0-9a-f-]{36})/", page) == [str(ride.pk)], words
        assert f"/console/riders/{ride.rider_id}/" in page


def test_an_erased_rider_is_not_found_by_words(support: Client) -> None:
    make_user(email="erased-1@erased.invalid", name="", is_active=False, erased_at=NOON, password=None)

    assert support.get(RIDERS, {"q": "erased"}).status_code == 200


def test_all_about_a_rider_is_on_one_page_and_no_secret(support: Client) -> None:
    ride = make_settled_rental(rider=make_user(name="Ann Lee"))
    make_claim(ride, text="it was not me")

    with CaptureQueriesContext(connection) as captured:
        page = support.get(f"{RIDERS}{ride.rider_id}/").content.decode()

    rider = User.objects.get(pk=ride.rider_id)
    assert rider.email in page
    assert "145.00\N{NO-BREAK SPACE}RUB" in page
    assert f"/console/ride/{ride.pk}/" in page
    assert rider.password not in page
    assert len(captured) <= 14, [query["sql"][:100] for query in captured]


def test_a_ride_is_on_one_page(support: Client) -> None:
    ride = make_settled_rental()

    with CaptureQueriesContext(connection) as captured:
        page = support.get(f"/admin/console/ride/{ride.pk}/").content.decode()

    assert "19 minutes at 5.00\N{NO-BREAK SPACE}RUB" in page
    assert len(captured) <= 13, [query["sql"][:100] for query in captured]


def test_a_ride_is_ended_once_and_logged(support: Client) -> None:
    ride = make_rental()
    page = f"/admin/console/ride/{ride.pk}/end/"
    form = fields_of(support, page) | {"place": "taken", "reason": "the lock is stuck"}

    answers = [support.post(page, form, follow=True) for _ in range(2)]

    ride.refresh_from_db()
    action = Action.objects.get()
    assert ride.status in ("returned", "settled")
    assert (action.kind, action.rental_id, action.rider_id, action.bike_id, action.reason) == (
        "ride_ended", ride.pk, ride.rider_id, ride.bike_id, "the lock is stuck",
    )  # fmt: skip
    assert [words_of(answer) for answer in answers] == [
        ["The ride has ended; the rider gets the receipt."],
        ["This had been done already. It was done once."],
    ]


def test_a_form_without_a_reason_changes_nothing(support: Client) -> None:
    ride = make_rental()
    page = f"/admin/console/ride/{ride.pk}/end/"

    answer = support.post(page, fields_of(support, page) | {"place": "station", "reason": " "})

    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"station", "reason"})
    assert Rental.objects.get().status == "active"
    assert not Action.objects.exists()


def correct(client: Client, ride: Rental, **fields: str) -> Any:
    """Send the form twice: the first answer shows the price, the second one corrects."""
    page = f"/admin/console/ride/{ride.pk}/correct/"
    form = fields_of(client, page) | {"reason": "the end was late"} | fields
    shown = client.post(page, form)
    form["shown"] = re.findall(r'name="shown" value="([^"]*)"', shown.content.decode())[0]
    return shown, client.post(page, form, follow=True)


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({"how": "end", "ended_at": "2026-06-15T15:10"}, "100.00"),  # ten minutes, in the city's time
        ({"how": "amount", "amount": "45"}, "100.00"),
        ({"how": "all"}, "0.00"),
    ],
)
def test_the_price_is_shown_before_it_is_done(support: Client, fields: dict[str, str], price: str) -> None:
    ride = make_settled_rental()

    shown, done = correct(support, ride, **fields)

    assert f"costs {price}\N{NO-BREAK SPACE}RUB instead of 145.00" in shown.content.decode()
    assert words_of(done) == ["Corrected; the rider is told."]
    entry = Entry.objects.get(kind="adjustment")
    action = Action.objects.get()
    assert (action.kind, action.details["cost"], entry.actor) == ("ride_corrected", price, support.operator)


def test_a_price_that_was_not_shown_is_not_accepted(support: Client) -> None:
    ride = make_settled_rental()
    page = f"/admin/console/ride/{ride.pk}/correct/"

    for price in ("", "0.00", "99.00", "nonsense"):
        form = fields_of(support, page) | {"how": "amount", "amount": "45", "reason": "late", "shown": price}
        assert support.post(page, form).status_code == 200

    assert not Entry.objects.filter(kind="adjustment").exists()


@pytest.mark.django_db(transaction=True)
def test_too_much_is_refused_in_the_form() -> None:
    support, ride = browser_of("support"), make_settled_rental()
    page = f"/admin/console/ride/{ride.pk}/correct/"

    answer = support.post(page, fields_of(support, page) | {"how": "amount", "amount": "145.01", "reason": "late"})

    assert (answer.status_code, answer.context["form"].errors.keys()) == (422, {"amount"})
    assert not Action.objects.exists()


def test_a_payment_is_refunded(manager: Client) -> None:
    ride = make_settled_rental()
    account = Account.objects.get(rider=ride.rider)
    payment_book(account_id=account.pk, amount=200, booking=Booking("p", manager.operator.pk, "cash", NOON))
    page = f"{RIDERS}{ride.rider_id}/refund/RUB/"

    answer = manager.post(page, fields_of(manager, page) | {"amount": "55", "reason": "paid twice"}, follow=True)

    assert words_of(answer) == ["Refunded. Pay the money back in the way it came."]
    action = Action.objects.get()
    assert (action.kind, action.details) == ("payment_refunded", {"amount": "55.00", "currency": "RUB"})
    assert Entry.objects.get(kind="refund").reason == "paid twice"


def test_a_rider_is_blocked_and_unblocked(support: Client) -> None:
    rider = make_user()

    for path, is_active in (("block", False), ("unblock", True)):
        page = f"{RIDERS}{rider.pk}/{path}/"
        support.post(page, fields_of(support, page) | {"reason": "threw a bike"})
        rider.refresh_from_db()
        assert rider.is_active is is_active

    assert [action.kind for action in Action.objects.order_by("id")] == ["rider_blocked", "rider_unblocked"]


@pytest.mark.django_db(transaction=True)
def test_riders_on_a_ride_and_operators_are_not_blocked() -> None:
    support = browser_of("support")
    rules = {
        make_rental().rider_id: "The rider is riding.",
        make_user(is_staff=True).pk: "This is an operator's account.",
        make_user(is_active=False).pk: "The account is as you want it already.",
    }
    for rider_id, words in rules.items():
        page = f"{RIDERS}{rider_id}/block/"
        answer = support.post(page, fields_of(support, page) | {"reason": "threw a bike"}, follow=True)
        assert words_of(answer)[0].startswith(words)

    assert User.objects.filter(is_active=False).count() == 1
    assert not Action.objects.exists()
