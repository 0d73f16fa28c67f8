"""The constraints of the fleet's tables."""

import importlib
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import ProtectedError

from bikerental.core.db.transactions import constraint_name
from bikerental.fleet.models import BikeEvent, Tariff
from bikerental.maintenance.models import BikeReport, PhotoUpload
from tests.factories import NOON, make_bike, make_model, make_station, make_tariff, make_user

pytestmark = pytest.mark.django_db


def make_report(**fields: Any) -> BikeReport:
    return BikeReport.objects.create(bike=make_bike(), rider=make_user(), **{"kind": "tyre"} | fields)


def make_upload(**fields: Any) -> PhotoUpload:
    return PhotoUpload.objects.create(
        bike=make_bike(), uploader=make_user(), key="uploads/1", expires_at=NOON, **fields
    )


def make_event(**fields: Any) -> BikeEvent:
    values = {"event_types": ["maintenance"], "state": "maintenance", "latitude": 0, "longitude": 0, "actor": "rider"}
    return BikeEvent.objects.create(bike=make_bike(), happened_at=NOON, **values | fields)


@pytest.mark.parametrize(
    ("make", "fields", "constraint"),
    [
        (make_tariff, {"unlock_fee": Decimal("-0.01")}, "tariff_unlock_fee_not_negative"),
        (make_tariff, {"per_minute": Decimal("-0.01")}, "tariff_per_minute_not_negative"),
        (make_tariff, {"daily_cap": Decimal("-0.01")}, "tariff_daily_cap_not_negative"),
        (make_tariff, {"free_minutes": -1}, "fleet_tariff_free_minutes_check"),
        (make_tariff, {"overdue_after_minutes": -1}, "fleet_tariff_overdue_after_minutes_check"),
        (make_tariff, {"currency": "rub"}, "tariff_currency_known"),
        (make_tariff, {"currency": "ZZZ"}, "tariff_currency_known"),
        (make_tariff, {"currency": "XTS"}, "tariff_currency_known"),
        (make_tariff, {"unlock_fee": Decimal("1000000.01")}, "tariff_terms_bounded"),
        (make_tariff, {"per_minute": Decimal("100000.01")}, "tariff_terms_bounded"),
        (make_tariff, {"daily_cap": Decimal("10000000.01")}, "tariff_terms_bounded"),
        (make_tariff, {"free_minutes": 527_041}, "tariff_terms_bounded"),
        (make_tariff, {"overdue_after_minutes": 527_041}, "tariff_terms_bounded"),
        (make_tariff, {"currency": "JPY", "per_minute": Decimal("4.50")}, "tariff_amounts_can_be_paid"),
        (make_tariff, {"currency": "JPY", "unlock_fee": Decimal("0.10")}, "tariff_amounts_can_be_paid"),
        (make_tariff, {"currency": "JPY", "daily_cap": Decimal("9.99")}, "tariff_amounts_can_be_paid"),
        (make_tariff, {"out_of_area_fee": Decimal("-0.01")}, "tariff_out_of_area_fee_bounded"),
        (make_tariff, {"out_of_area_fee": Decimal("1000000.01")}, "tariff_out_of_area_fee_bounded"),
        (
            make_tariff,
            {"currency": "JPY", "unlock_fee": 1, "out_of_area_fee": Decimal("9.99")},
            "tariff_out_of_area_fee_can_be_paid",
        ),
        (make_model, {"propulsion": "steam"}, "bike_model_propulsion_known"),
        (make_model, {"max_range_m": 999}, "bike_model_range_bounded"),
        (make_model, {"max_range_m": 1_000_001}, "bike_model_range_bounded"),
        (make_station, {"capacity": -1}, "fleet_station_capacity_check"),
        (make_station, {"latitude": 90.1}, "station_latitude_range"),
        (make_station, {"longitude": -180.1}, "station_longitude_range"),
        (make_bike, {"latitude": -90.1}, "bike_latitude_range"),
        (make_bike, {"latitude": float("nan")}, "bike_latitude_range"),
        (make_bike, {"longitude": 180.1}, "bike_longitude_range"),
        (make_bike, {"longitude": float("inf")}, "bike_longitude_range"),
        (make_bike, {"status": "blue"}, "bike_status_known"),
        (make_event, {"event_types": ["stolen"]}, "bike_event_types_known"),
        (make_event, {"event_types": []}, "bike_event_types_known"),
        (make_event, {"state": "blue"}, "bike_event_state_known"),
        (make_event, {"actor": "thief"}, "bike_event_actor_known"),
        (make_event, {"actor": "system", "operator_id": uuid4()}, "bike_event_actor_known"),
        (make_report, {"kind": "engine"}, "bike_report_kind_known"),
        (make_report, {"state": "resolved"}, "bike_report_closed_has_time"),
        (make_report, {"closed_at": NOON}, "bike_report_closed_has_time"),
        (make_report, {"state": "lost", "closed_at": NOON}, "bike_report_closed_has_time"),
        (make_upload, {"state": "lost", "confirmed_at": NOON}, "photo_upload_confirmed_has_time"),
        (make_upload, {"state": "refused"}, "photo_upload_refused_has_code"),
        (make_upload, {"code": "damaged"}, "photo_upload_refused_has_code"),
        (make_upload, {"state": "confirmed"}, "photo_upload_confirmed_has_time"),
        (make_upload, {"confirmed_at": NOON}, "photo_upload_confirmed_has_time"),
        (make_upload, {"state": "published", "confirmed_at": NOON}, "photo_upload_published_has_time"),
        (make_upload, {"published_at": NOON}, "photo_upload_published_has_time"),
    ],
)
def test_nonsense_is_refused(make: Any, fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        make(**fields)

    assert constraint_name(refused.value) == constraint


@pytest.mark.parametrize("currency", ["RUB", "EUR", "KWD", "JPY"])
def test_currencies_of_any_number_of_digits_are_taken(currency: str) -> None:
    assert make_tariff(currency=currency, per_minute=Decimal(7)).currency == currency


def test_a_number_is_painted_on_one_frame() -> None:
    make_bike(number="1")

    with pytest.raises(IntegrityError) as refused:
        make_bike(number="1")

    assert constraint_name(refused.value) == "bike_number_unique"


@pytest.mark.parametrize("what", ["model", "tariff"])
def test_rows_that_a_bike_refers_to_are_not_deleted(what: str) -> None:
    bike = make_bike()

    with pytest.raises(ProtectedError):
        getattr(bike, what).delete()


def test_a_bike_outlives_its_station() -> None:
    station = make_station()
    bike = make_bike(station=station)

    station.delete()

    bike.refresh_from_db()
    assert bike.station is None


def test_a_photo_gets_a_random_name() -> None:
    bike = make_bike()

    bike.photo.save("my garden.html", ContentFile(b"jpeg"))

    name = bike.photo.name or ""
    assert name.startswith("bikes/")
    assert name.endswith(".webp")
    assert "garden" not in name


def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", "fleet", "--check", "--dry-run", "--skip-checks", verbosity=0)


def test_tariffs_older_than_the_bounds_stop_no_migration(caplog: pytest.LogCaptureFixture) -> None:
    migration = importlib.import_module("bikerental.fleet.migrations.0004_bounds_of_old_tariffs")
    (bounded,) = [each for each in Tariff._meta.constraints if each.name == "tariff_terms_bounded"]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Tariff, bounded)
        tariff = make_tariff(per_minute=Decimal("99999999.99"))
        AddConstraintNotValid("tariff", bounded).database_forwards(
            "fleet", editor, *[MigrationLoader(None).project_state()] * 2
        )

        migration.validate(None, editor)

    assert ["older than tariff_terms_bounded" in record.getMessage() for record in caplog.records] == [True]
    tariff.refresh_from_db()
    assert tariff.per_minute == Decimal("99999999.99")
    with pytest.raises(IntegrityError):
        make_tariff(per_minute=Decimal("99999999.99"))
