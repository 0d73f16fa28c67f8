"""The admin shows and reads times in the city's zone and names it. The API stays in UTC."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import ClockedSchedule
from pytest_django import Settings

from tests.clients import RiderClient
from tests.factories import NOON, make_rental, make_user

pytestmark = pytest.mark.django_db
TASKS = {"periodictask_set-TOTAL_FORMS": "0", "periodictask_set-INITIAL_FORMS": "0"}
ADD = "admin:django_celery_beat_clockedschedule_add"  # a form that has only a time


@pytest.mark.parametrize(
    ("language", "shown", "header"),
    [
        ("en", "June 15, 2026, 3 p.m.", "Times are those of Europe/Moscow."),
        ("ru", "15 июня 2026 г. 15:00", "Время — по часовому поясу Europe/Moscow."),
    ],
)
def test_a_page_shows_the_citys_time_and_names_the_zone(
    admin_client: Client, language: str, shown: str, header: str
) -> None:
    make_rental()

    page = admin_client.get(reverse("admin:rentals_rental_changelist"), headers={"Accept-Language": language})

    assert shown in page.content.decode()
    assert header in page.content.decode()


def test_a_form_reads_the_citys_time(admin_client: Client) -> None:
    answer = admin_client.post(reverse(ADD), TASKS | {"clocked_time_0": "2026-06-15", "clocked_time_1": "15:00"})

    assert answer.status_code == 302
    assert ClockedSchedule.objects.get().clocked_time == NOON


@pytest.mark.parametrize("time", ["2026-10-25 02:30", "2026-03-29 02:30"], ids=["twice", "never"])
def test_a_time_that_exists_twice_or_never_is_asked_again(admin_client: Client, settings: Settings, time: str) -> None:
    settings.CITY_TIME_ZONE = "Europe/Berlin"
    date, clock = time.split()

    answer = admin_client.post(reverse(ADD), TASKS | {"clocked_time_0": date, "clocked_time_1": clock})

    assert "in time zone Europe/Berlin; it may be ambiguous or it may not exist" in answer.content.decode()
    assert not ClockedSchedule.objects.exists()


def test_a_ride_over_a_change_of_clocks_shows_the_clocks_times(admin_client: Client, settings: Settings) -> None:
    settings.CITY_TIME_ZONE = "Europe/Berlin"
    make_rental(
        started_at=datetime(2026, 10, 24, 23, 50, tzinfo=UTC), ended_at=datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    )

    page = admin_client.get(reverse("admin:rentals_rental_changelist")).content.decode()

    assert "Oct. 25, 2026, 1:50 a.m." in page
    assert "Oct. 25, 2026, 2:10 a.m." in page


def test_the_api_stays_in_utc(admin_client: Client) -> None:
    rider = RiderClient(make_user())
    make_rental(rider=rider.rider)
    admin_client.get(reverse("admin:index"))

    assert rider.get("/api/v1/rentals/current/").json()["started_at"] == "2026-06-15T12:00:00Z"
