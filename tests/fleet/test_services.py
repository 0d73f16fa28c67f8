"""Bikes are taken, brought back and looked after."""

import threading
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from bikerental.core.db.statements import Statement, together
from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.fleet.locks import bike_lock_for_rental
from bikerental.fleet.models import Bike
from bikerental.fleet.services import (
    bike_claim,
    bike_edit,
    bike_releasing,
    bike_return_to_service,
    bike_send_to_maintenance,
    bike_taking,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.fleet.types import BikeForRental
from tests.factories import NOON, make_bike, make_station, make_tariff

TAKING = Statement(lambda v: together(bike_taking(v)), bike_id=UUID)
RELEASING = Statement(lambda v: together(bike_releasing(v)), bike_id=UUID, station_id=UUID)
RELEASING_ELSEWHERE = Statement(
    lambda v: together(bike_releasing(v)), bike_id=UUID, station_id=UUID, latitude=float, longitude=float
)


@unit_of_work
def bike_take(*, bike_id: UUID | None = None, bike_number: str | None = None) -> BikeForRental:
    """As a rental does, without one."""
    bike = bike_claim(bike_id=bike_id, bike_number=bike_number)
    if TAKING.counts(bike_id=bike.id) != (1,):
        raise BikeUnavailableError
    return bike


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["id", "number"])
def test_an_available_bike_is_taken_out_of_its_station(by: str) -> None:
    station = make_station()
    bike = make_bike(station=station)

    taken = bike_take(bike_id=bike.pk) if by == "id" else bike_take(bike_number=bike.number)

    bike.refresh_from_db()
    assert (bike.status, bike.station) == ("rented", None)
    assert (taken.id, taken.station_id, taken.station_name) == (bike.pk, station.pk, station.name)


@pytest.mark.django_db
def test_taking_costs_two_statements_with_model_and_tariff(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    bike = make_bike(station=make_station())

    with django_assert_num_queries(2):
        taken = bike_take(bike_id=bike.pk)
        assert (taken.model_name, taken.tariff_name) == ("City", "Basic")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["rented", "reserved", "maintenance"])
def test_what_is_not_available_is_not_taken(status: str) -> None:
    station = make_station()
    bike = make_bike(status=status, station=station)

    with pytest.raises(BikeUnavailableError), transaction.atomic():
        bike_take(bike_id=bike.pk)

    bike.refresh_from_db()
    assert (bike.status, bike.station) == (status, station)


@pytest.mark.django_db
def test_an_unknown_bike_is_not_found() -> None:
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        bike_take(bike_id=uuid4())
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        bike_take(bike_number="none")
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        bike_send_to_maintenance(bike_id=uuid4())


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_takes_the_bike() -> None:
    bike = make_bike()
    start = threading.Barrier(6, timeout=10)
    outcomes = []

    def take() -> None:
        try:
            start.wait()
            bike_take(bike_id=bike.pk)
            outcomes.append("taken")
        except BikeUnavailableError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert sorted(outcomes) == ["refused"] * 5 + ["taken"]


@pytest.mark.django_db
def test_the_swap_holds_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    bike = make_bike()
    stale = Bike.objects.select_related("model", "tariff", "station").get(pk=bike.pk)
    monkeypatch.setattr("bikerental.fleet.services.bikes.bike_lock_for_rental", lambda **key: stale)
    Bike.objects.filter(pk=bike.pk).update(status="maintenance")

    with pytest.raises(BikeUnavailableError), transaction.atomic():
        bike_take(bike_id=bike.pk)

    assert Bike.objects.get(pk=bike.pk).status == "maintenance"


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
def test_a_released_bike_is_available_where_it_was_left() -> None:
    station = make_station()
    bike = make_bike(status="rented")

    place = {"station_id": station.pk, "latitude": 10.5, "longitude": 20.5}
    assert RELEASING_ELSEWHERE.counts(bike_id=bike.pk, **place) == (1,)

    bike.refresh_from_db()
    assert (bike.status, bike.station, bike.latitude, bike.longitude) == ("available", station, 10.5, 20.5)


@pytest.mark.django_db
def test_a_bike_released_without_a_place_stays_where_it_was() -> None:
    bike = make_bike(status="rented", latitude=1.5, longitude=2.5)

    assert RELEASING.counts(bike_id=bike.pk, station_id=None) == (1,)

    bike.refresh_from_db()
    assert (bike.status, bike.station, bike.latitude, bike.longitude) == ("available", None, 1.5, 2.5)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["available", "reserved", "maintenance"])
def test_only_a_rented_bike_is_released(status: str) -> None:
    bike = make_bike(status=status)

    assert RELEASING_ELSEWHERE.counts(bike_id=bike.pk, station_id=None, latitude=0.0, longitude=0.0) == (0,)

    bike.refresh_from_db()
    assert (bike.status, bike.latitude) == (status, 59.93)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["available", "reserved", "maintenance"])
def test_to_maintenance_and_back(status: str) -> None:
    bike = make_bike(status=status)

    bike_send_to_maintenance(bike_id=bike.pk)
    assert Bike.objects.get(pk=bike.pk).status == "maintenance"

    bike_return_to_service(bike_id=bike.pk, now=NOON)
    assert Bike.objects.get(pk=bike.pk).status == "available"


@pytest.mark.django_db
@pytest.mark.parametrize("service", [bike_send_to_maintenance, partial(bike_return_to_service, now=NOON)])
def test_a_rented_bike_is_left_to_its_rider(service) -> None:  # type: ignore[no-untyped-def] # either of two services
    bike = make_bike(status="rented")

    with pytest.raises(BikeUnavailableError), transaction.atomic():
        service(bike_id=bike.pk)

    assert Bike.objects.get(pk=bike.pk).status == "rented"


@pytest.mark.django_db
def test_many_at_once_leave_out_the_rented() -> None:
    bikes = [make_bike(), make_bike(status="rented"), make_bike(status="reserved")]

    assert bikes_send_to_maintenance(bike_ids=[bike.pk for bike in bikes]) == 2

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
    bike_take(bike_id=bike.pk)

    shown.number = "Z-9"
    bike_edit(bike=shown, fields=["number", "status"])

    bike.refresh_from_db()
    assert (bike.number, bike.status, bike.station) == ("Z-9", "rented", None)
