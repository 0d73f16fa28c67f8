"""Bikes are taken, brought back and looked after."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.fleet.locks import bike_lock_for_rental
from bikerental.fleet.models import Bike
from bikerental.fleet.services import (
    bike_claim,
    bike_edit,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from tests.factories import NOON, make_bike, make_station, make_tariff

BY: Any = {"operator_id": uuid4(), "now": NOON}


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["id", "number"])
def test_an_available_bike_is_claimed_with_its_station(by: str) -> None:
    station = make_station()
    bike = make_bike(station=station)

    with transaction.atomic():
        claimed = bike_claim(bike_id=bike.pk) if by == "id" else bike_claim(bike_number=bike.number)

    assert (claimed.id, claimed.station_id, claimed.station_name) == (str(bike.pk), str(station.pk), station.name)


@pytest.mark.django_db
def test_a_claim_costs_one_statement_with_model_and_tariff(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    bike = make_bike(station=make_station())

    with django_assert_num_queries(1):
        claimed = bike_claim(bike_id=bike.pk)
        assert (claimed.model_name, claimed.terms.name) == ("City", "Basic")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["rented", "reserved", "maintenance"])
def test_what_is_not_available_is_not_claimed(status: str) -> None:
    station = make_station()
    bike = make_bike(status=status, station=station)

    with pytest.raises(BikeUnavailableError), transaction.atomic():
        bike_claim(bike_id=bike.pk)

    bike.refresh_from_db()
    assert (bike.status, bike.station) == (status, station)


@pytest.mark.django_db
def test_an_unknown_bike_is_not_found() -> None:
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        bike_claim(bike_id=uuid4())
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        bike_claim(bike_number="none")


@pytest.mark.django_db(transaction=True)
def test_the_lock_keeps_others_off_the_bike_but_not_off_its_tariff() -> None:
    bike, other = make_bike(), make_bike(tariff=make_tariff())
    Bike.objects.filter(pk=other.pk).update(tariff=bike.tariff)
    outcomes = []

    def look() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM fleet_bike WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", [bike.pk])
                outcomes.append(cursor.fetchall())
                cursor.execute(
                    "SELECT 1 FROM fleet_tariff WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", [bike.tariff_id]
                )
                outcomes.append(cursor.fetchall())
        finally:
            connection.close()

    with transaction.atomic():
        bike_lock_for_rental(bike_id=bike.pk)
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(timeout=10)

    assert outcomes == [[], [(1,)]]


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["available", "reserved", "maintenance"])
def test_to_maintenance_and_back(status: str) -> None:
    bike = make_bike(status=status)

    assert bikes_send_to_maintenance(bike_ids=[bike.pk], **BY) == 1
    assert Bike.objects.get(pk=bike.pk).status == "maintenance"

    assert bikes_return_to_service(bike_ids=[bike.pk], **BY) == 1
    assert Bike.objects.get(pk=bike.pk).status == "available"


@pytest.mark.django_db
@pytest.mark.parametrize("service", [bikes_send_to_maintenance, bikes_return_to_service])
def test_a_rented_bike_is_left_to_its_rider(service) -> None:  # type: ignore[no-untyped-def] # either of two services
    bike = make_bike(status="rented")

    assert service(bike_ids=[bike.pk, uuid4()], **BY) == 0

    assert Bike.objects.get(pk=bike.pk).status == "rented"


@pytest.mark.django_db
def test_many_at_once_leave_out_the_rented() -> None:
    bikes = [make_bike(), make_bike(status="rented"), make_bike(status="reserved")]

    assert bikes_send_to_maintenance(bike_ids=[bike.pk for bike in bikes], **BY) == 2

    assert [Bike.objects.get(pk=bike.pk).status for bike in bikes] == ["maintenance", "rented", "maintenance"]


@pytest.mark.django_db
def test_a_tariff_for_many() -> None:
    tariff, bikes, other = make_tariff(), [make_bike(), make_bike()], make_bike()

    assert bikes_set_tariff(bike_ids=[bike.pk for bike in bikes], tariff_id=tariff.pk) == 2

    assert set(Bike.objects.filter(tariff=tariff)) == set(bikes)
    assert other.tariff_id != tariff.pk


@pytest.mark.django_db
def test_an_edit_writes_neither_the_status_nor_what_it_did_not_change() -> None:
    bike = make_bike(station=make_station())
    shown = Bike.objects.get(pk=bike.pk)
    Bike.objects.filter(pk=bike.pk).update(status="rented", station=None)

    shown.number = "Z-9"
    bike_edit(bike=shown, fields=["number", "status"], **BY)

    bike.refresh_from_db()
    assert (bike.number, bike.status, bike.station) == ("Z-9", "rented", None)
