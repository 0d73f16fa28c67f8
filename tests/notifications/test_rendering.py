import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import translation
from pytest_django import Settings

from bikerental.notifications.models import Notification
from bikerental.notifications.services.rendering import Content, content_render
from bikerental.rentals.services import rentals_check_overdue, rentals_settle
from tests.factories import NOON, make_rental, make_returned_rental
from tests.notifications.conftest import OVERDUE, RECEIPT, RENTAL_ID, draft

CONTEXTS: dict[str, dict[str, Any]] = {"receipt": RECEIPT, "overdue_rider": OVERDUE, "overdue_operators": OVERDUE}


def content(kind: str, language: str, **context: object) -> Content:
    return content_render(
        draft(kind=kind, language=language, recipient=None, context=CONTEXTS[kind] | context), now=NOON
    )


def test_a_receipt_says_what_was_paid_for_and_when() -> None:
    receipt = content("receipt", "en")

    assert receipt.subject == "Your ride: 130.00 RUB"
    assert receipt.text == (
        "Thank you for riding. This is your receipt.\n\n"
        "Bike: T-000042\n"
        "Started: June 15, 2026, 3 p.m. Europe/Moscow (UTC+03:00)\n"
        "Ended: June 15, 2026, 3:18 p.m. Europe/Moscow (UTC+03:00)\n\n"
        "Unlocking: 50.00 RUB\n"
        "16 minutes at 5.00: 80.00 RUB\n"
        "3 free minutes: 0.00 RUB\n\n"
        "In all: 130.00 RUB\n\n"
        f"Ride: {RENTAL_ID}\n"
    )


def test_a_capped_ride_shows_what_the_cap_saved() -> None:
    receipt = content("receipt", "en", lines=[{"code": "daily_cap", "amount": "-12.50"}])

    assert "Saved by the daily cap: -12.50 RUB\n" in receipt.text
    assert "<td>Saved by the daily cap</td>" in (receipt.html or "")


def test_the_html_form_escapes() -> None:
    receipt = content("receipt", "en", lines=[{"code": "<b>", "amount": "1.00"}])

    assert "&lt;b&gt;" in (receipt.html or "")
    assert "<b>" not in (receipt.html or "")
    assert "<b>: 1.00 RUB" in receipt.text


def test_a_message_has_the_language_of_its_row() -> None:
    with translation.override("en"):
        receipt = content("receipt", "ru")

    assert "15 июня 2026 г. 15:18 Europe/Moscow (UTC+03:00)" in receipt.text
    assert '<html lang="ru">' in (receipt.html or "")


def test_a_ride_over_a_change_of_clocks_has_both_offsets(settings: Settings) -> None:
    settings.CITY_TIME_ZONE = "Europe/Berlin"
    over_the_change = {"started_at": "2026-10-25T00:40:00+00:00", "ended_at": "2026-10-25T01:10:00+00:00"}

    english, russian = (content("receipt", language, **over_the_change).text for language in ("en", "ru"))

    assert "Started: Oct. 25, 2026, 2:40 a.m. Europe/Berlin (UTC+02:00)\n" in english
    assert "Ended: Oct. 25, 2026, 2:10 a.m. Europe/Berlin (UTC+01:00)\n" in english
    assert "25 октября 2026 г. 2:40 Europe/Berlin (UTC+02:00)\n" in russian
    assert "25 октября 2026 г. 2:10 Europe/Berlin (UTC+01:00)\n" in russian


def test_every_time_in_a_message_names_its_zone() -> None:
    templates = (Path(django_settings.BASE_DIR) / "bikerental").rglob("templates/**/*.*")

    shown = {path.name for path in templates if re.search(r"\|(utc|date|time)\b", path.read_text())}

    assert shown == {"time.txt"}


@pytest.mark.parametrize("kind", CONTEXTS)
@pytest.mark.parametrize("language", [code for code, _ in django_settings.LANGUAGES])
def test_each_kind_has_words_in_each_language(kind: str, language: str) -> None:
    made = content(kind, language)

    assert made.subject
    assert str(RENTAL_ID) in made.text
    assert (made.html is not None) == (kind == "receipt")
    assert "{" not in made.subject + made.text


@pytest.mark.parametrize("kind", CONTEXTS)
def test_a_message_names_the_bike_by_the_number_on_its_frame(kind: str) -> None:
    made = content(kind, "ru")

    assert "Велосипед: T-000042\n" in made.text
    assert made.html is None or "T-000042" in made.html


@pytest.mark.parametrize("kind", CONTEXTS)
def test_a_row_older_than_the_kept_number_has_its_words(kind: str) -> None:
    row = draft(kind=kind, language="en", recipient=None, context=CONTEXTS[kind] | {"bike_number": ""})

    assert "Bike" not in content_render(row, now=NOON).text


@pytest.mark.django_db
@pytest.mark.parametrize("language", [code for code, _ in django_settings.LANGUAGES])
def test_a_reset_has_words_in_each_language(language: str) -> None:
    made = content_render(draft(kind="password_reset", language=language, context={}, subject_id=None), now=NOON)

    assert bool(re.search("[а-я]", made.subject + made.text)) == (language == "ru")
    assert "{" not in made.subject + made.text + (made.html or "")


@pytest.mark.parametrize(
    ("language", "subject", "begins"),
    [
        ("en", "Reports of bikes wait for an operator", "Riders' reports took 10 bikes out of service within an hour."),
        ("ru", "Сообщения о велосипедах ждут оператора", "По сообщениям пользователей за час выведено"),
    ],
)
def test_operators_are_told_of_bikes_that_wait(language: str, subject: str, begins: str) -> None:
    made = content_render(
        draft(kind="take_outs_paused", language=language, recipient=None, context={"limit": 10, "waiting": 3}), now=NOON
    )

    assert made.subject == subject
    assert made.text.startswith(begins)
    assert "{" not in made.text


@pytest.mark.django_db
def test_messages_about_a_ride_carry_the_number_of_its_bike() -> None:
    settled = make_returned_rental()
    overdue = make_rental(overdue_after_minutes=1)

    rentals_settle(rental_ids=[settled.pk], now=NOON + timedelta(hours=1))
    rentals_check_overdue(now=NOON + timedelta(hours=1))

    numbers = {row.kind: row.context["bike_number"] for row in Notification.objects.all()}
    assert numbers == {
        "receipt": settled.bike.number,
        "overdue_rider": overdue.bike.number,
        "overdue_operators": overdue.bike.number,
    }
