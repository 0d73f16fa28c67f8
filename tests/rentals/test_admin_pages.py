"""The pages of rides: found by what an operator knows, with what the ride costs and what can be done."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from bikerental.rentals.models import Rental
from tests.console.conftest import browser_of
from tests.factories import make_bike, make_claim, make_rental, make_settled_rental, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:rentals_rental_changelist")


def page_of(client: Client, ride: Rental, **headers: str) -> str:
    page = client.get(reverse("admin:rentals_rental_change", args=[ride.pk]), headers=headers).content.decode()
    return " ".join(page.split())


@pytest.mark.parametrize("text", ["ann.lee@example.org", "ANN.LEE@example", "ann.l", "Lee", "D-77", "d 77"])
def test_a_ride_is_found_by_what_an_operator_knows(admin_client: Client, text: str) -> None:
    rider = make_user(name="Ann Lee", email="ann.lee@example.org")
    ride = make_rental(rider=rider, bike=make_bike(number="D-77", status="rented"))
    make_rental(rider=make_user(name="Bob", email="bob@example.org"))

    for words in (text, str(ride.pk), str(rider.pk)):
        assert list(admin_client.get(LIST, {"q": words}).context["cl"].result_list) == [ride]


def test_too_short_a_part_finds_nobody(admin_client: Client) -> None:
    make_rental(rider=make_user(name="Ann Lee"))

    assert list(admin_client.get(LIST, {"q": "An"}).context["cl"].result_list) == []


def test_without_the_right_to_accounts_a_search_finds_none() -> None:
    technician = browser_of("technician")
    report = make_claim().rental  # any rider
    assert report.rider is not None
    reports = reverse("admin:maintenance_bikereport_changelist")
    made = report.bike.reports.create(rider=report.rider, kind="lights")

    assert list(technician.get(reports, {"q": report.rider.email}).context["cl"].result_list) == [made]
    assert list(technician.get(reports, {"q": report.rider.email[:-4]}).context["cl"].result_list) == []


def test_a_ride_going_on_shows_its_cost_and_the_way_to_end_it(admin_client: Client) -> None:
    ride = make_rental()

    page = page_of(admin_client, ride)

    assert f'<a href="{reverse("admin:rentals_rental_end", args=[ride.pk])}">End this ride</a>' in page
    assert '<th scope="row">Unlocking</th><td>50.00 RUB</td>' in page


def test_a_settled_ride_shows_its_receipt_in_words(admin_client: Client) -> None:
    ride = make_settled_rental()
    assert ride.cost_amount == Decimal("145.00")

    page = page_of(admin_client, ride, **{"Accept-Language": "ru"})

    assert '<div class="readonly">145.00 RUB</div>' in page
    assert '<th scope="row">19 минут по 5.00</th><td>95.00 RUB</td>' in page
    assert "Исправить или снять стоимость" in page
    assert "&quot;code&quot;" not in page
