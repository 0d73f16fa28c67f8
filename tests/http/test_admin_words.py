"""The operators' pages in Russian contain no English word."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, PeriodicTask, SolarSchedule
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from bikerental.billing.admin.accounts import BOOKINGS
from bikerental.billing.models import Account, Entry
from bikerental.claims.models import Claim
from bikerental.core.models import FailedRow
from bikerental.feeds.models import Agency
from bikerental.fleet.models import BikeEvent
from bikerental.maintenance.models import BikeReport, PhotoUpload, TakeOutLimit
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.users.models import User
from tests.billing.ledger import charge, make_account
from tests.factories import (
    NOON,
    make_bike,
    make_model,
    make_rental,
    make_settled_rental,
    make_station,
    make_tariff,
    make_user,
)
from tests.feeds.rows import make_alert, make_region, make_system
from tests.support.russian import VisibleText, english_texts, english_words
from tests.zones.drawing import make_zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(admin_client: Client, admin_user: User) -> Client:
    User.objects.filter(pk=admin_user.pk).update(name="Оператор", language="ru")
    return admin_client


@pytest.fixture
def ride(admin_user: User) -> Rental:
    """A ride, and a row of every other model that the admin shows."""
    rider = make_user(name="Клиент", email="rider@example.org")
    like = {"model": make_model(name="Город"), "tariff": make_tariff(name="Базовый")}
    station = make_station(name="Площадь")
    bike = make_bike(number="B-000001", station=station, **like)
    rental = make_rental(rider=rider, bike=make_bike(number="B-000002", status="rented", **like), start_station=station)
    RentalEvent.objects.create(rental=rental, kind="started", happened_at=NOON, actor=rider)
    report = BikeReport.objects.create(bike=bike, rider=rider, kind="saddle", text="Сломано")
    PhotoUpload.objects.create(bike=bike, report=report, uploader=rider, key="uploads/1.jpg", expires_at=NOON)
    TakeOutLimit.objects.get_or_create(pk=1)
    Notification.objects.create(kind="receipt", recipient=rider, key="1", language="ru")
    RefusedAddress.objects.create(email="bounced@example.org", reason="bounced")
    FailedRow.objects.create(task="rentals.settle", row_id="1", error="23505", failed_at=NOON, retry_at=NOON)
    role = Group.objects.create(name="Диспетчеры")
    role.permissions.set(Permission.objects.filter(codename="view_bike"))
    role.user_set.add(rider)
    Agency.objects.create(name="Комитет по транспорту", token_digest="1")
    make_zone(name="Центр")
    make_system(system_id="c1")
    make_alert(stations=(station,), regions=(make_region(station),))
    charge(make_account(rider=rider), "145.00", rental.pk)
    Claim.objects.create(rental=rental, rider=rider, kind="other", text="Не открылся")
    Reservation.objects.create(rider=rider, bike=bike, created_at=NOON, expires_at=NOON + timedelta(minutes=10))
    place = {"latitude": bike.latitude, "longitude": bike.longitude}
    BikeEvent.objects.create(
        bike=bike, happened_at=NOON, event_types=["maintenance"], state="maintenance", actor="system", **place
    )
    TOTPDevice.objects.create(user=rider, name="Телефон")
    SolarSchedule.objects.create(event="sunrise", latitude=1, longitude=2)
    ClockedSchedule.objects.create(clocked_time=NOON)
    crontab = CrontabSchedule.objects.create(hour="4", day_of_week="1")
    PeriodicTask.objects.create(name="Ночью", crontab=crontab, task="bikerental.rentals.tasks.sweep")
    return rental


def pages_of(model: type[Model], client: Client) -> list[str]:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.order_by("pk").last()
    assert row is not None, f"the fixture makes no row of {model._meta.label}"
    pages = [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history")]
    # Not every model has pages to add or delete.
    by_hand = [reverse(f"{name}_add"), reverse(f"{name}_delete", args=[row.pk])]
    return [reverse(f"{name}_changelist"), *pages, *(url for url in by_hand if client.get(url).status_code == 200)]


def english_pages(client: Client, urls: Iterable[str]) -> dict[str, set[str]]:
    return {url: texts for url in urls if (texts := english_texts(client, url))}


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model._meta.label)
def test_the_pages_of_a_model_are_in_russian(operator: Client, ride: Rental, model: type[Model]) -> None:
    assert english_pages(operator, pages_of(model, operator)) == {}


def test_the_pages_round_the_models_are_in_russian(operator: Client, ride: Rental) -> None:
    apps = {model._meta.app_label for model in site._registry}
    pages = [
        reverse("admin:index"),
        *(reverse("admin:app_list", args=[app]) for app in sorted(apps)),
        reverse("admin:password_change"),
        reverse("admin:auth_user_password_change", args=[ride.rider_id]),
        reverse("admin:rentals_rental_end", args=[ride.pk]),
        reverse("admin:rentals_rental_correct", args=[make_settled_rental(bike=ride.bike).pk]),
        reverse("admin:claims_claim_decide", args=[Claim.objects.get().pk]),
        reverse("admin:billing_entry_reverse", args=[Entry.objects.latest("pk").pk]),
        *(reverse("admin:billing_account_book", args=[Account.objects.latest("pk").pk, name]) for name in BOOKINGS),
        reverse("admin:users_user_close", args=[ride.rider_id]),
    ]

    assert english_pages(operator, pages) == {}


@pytest.mark.parametrize("second_factor", [False, True])
def test_the_login_is_in_russian(settings: Settings, second_factor: bool) -> None:
    settings.ADMIN_SECOND_FACTOR = second_factor

    assert english_texts(Client(), reverse("admin:login")) == set()


def test_a_wrong_code_is_refused_in_russian(admin_user: User, settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = True
    TOTPDevice.objects.create(user=admin_user, name="Телефон")
    login = {"username": admin_user.email, "password": "password", "otp_token": "000000"}

    answer = Client().post(reverse("admin:login"), login, headers={"Accept-Language": "ru"})

    assert "Неверный код." in answer.content.decode()
    assert [text for text in VisibleText(answer.content.decode()).texts if english_words(text)] == []


def test_the_history_names_changed_fields_in_russian(operator: Client, ride: Rental) -> None:
    station = ride.start_station
    assert station is not None
    operator.post(
        reverse("admin:fleet_station_change", args=[station.pk]),
        {
            "name": "Площадь",
            "latitude": "59.9",
            "longitude": "30.3",
            "capacity": "7",
            "is_renting": "on",
            "is_returning": "on",
        },
    )

    page = reverse("admin:fleet_station_history", args=[station.pk])
    history = " ".join(VisibleText(operator.get(page, headers={"Accept-Language": "ru"}).content.decode()).texts)

    assert "Изменено Широта, Долгота и Мест" in history


def test_an_action_is_told_in_the_operators_language(operator: Client) -> None:
    rider = make_user()
    data = {"action": "end_sessions", "_selected_action": [str(rider.pk)]}
    operator.post(reverse("admin:users_user_changelist"), data)
    page = reverse("admin:users_user_history", args=[rider.pk])

    english, russian = (operator.get(page, headers={"Accept-Language": language}) for language in ("en", "ru"))

    assert "Ended all sessions." in english.content.decode()
    assert "Все сеансы завершены." in russian.content.decode()


def test_a_permission_is_told_in_the_operators_language() -> None:
    permission = Permission.objects.get(codename="change_bike")

    with override("ru"):
        assert str(permission) == "Парк | велосипед | изменять"
    with override("en"):
        assert str(permission) == "Fleet | bike | may change"


@pytest.mark.parametrize("text", ["Rider", "Add bike", "e-mail", "FLEET rentals", "Выберите bike"])
def test_english_on_a_russian_page_is_found(text: str) -> None:
    assert english_words(text)
