"""Renting, returning and servicing bikes."""

from typing import Any
from uuid import uuid4

import pytest

from bikerental.fleet.models import Bike
from bikerental.fleet.services import (
    bike_edit,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from tests.factories import NOON, make_bike, make_station, make_tariff

BY: Any = {"operator_id": uuid4(), "now": NOON}


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
def test_an_edit_writes_only_what_it_changed() -> None:
    bike = make_bike(station=make_station())
    shown = Bike.objects.get(pk=bike.pk)
    Bike.objects.filter(pk=bike.pk).update(status="rented", station=None)

    shown.number = "Z-9"
    bike_edit(bike=shown, fields=["number", "status"], **BY)

    bike.refresh_from_db()
    assert (bike.number, bike.status, bike.station) == ("Z-9", "rented", None)
