"""Which bike a rider may take."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.fleet.models import Bike
from bikerental.fleet.types import BikeForRental
from bikerental.rentals.locks import bikes_to_rent_lock
from bikerental.rentals.services.taking import bike_claim
from tests.factories import NOON, make_bike, make_station, make_tariff
from tests.support.threads import elsewhere


def claim(**bike: Any) -> BikeForRental:
    return bike_claim(rider_id=uuid4(), **bike, now=NOON).bike


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["id", "number"])
def test_an_available_bike_is_claimed_with_its_station(by: str) -> None:
    station = make_station()
    bike = make_bike(station=station)

    with transaction.atomic():
        claimed = claim(bike_id=bike.pk) if by == "id" else claim(bike_number=bike.number)

    assert (claimed.id, claimed.station_id, claimed.station_name) == (str(bike.pk), str(station.pk), station.name)


@pytest.mark.django_db
def test_a_claim_costs_one_statement_with_model_and_tariff(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    bike = make_bike(station=make_station())

    with django_assert_num_queries(1):
        claimed = claim(bike_id=bike.pk)
        assert (claimed.model.name, claimed.terms.name) == ("City", "Basic")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["rented", "reserved", "maintenance"])
def test_a_bike_that_is_not_available_is_not_claimed(status: str) -> None:
    station = make_station()
    bike = make_bike(status=status, station=station)

    with pytest.raises(BikeUnavailableError), transaction.atomic():
        claim(bike_id=bike.pk)

    bike.refresh_from_db()
    assert (bike.status, bike.station) == (status, station)


@pytest.mark.django_db
def test_an_unknown_bike_is_not_found() -> None:
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        claim(bike_id=uuid4())
    with pytest.raises(BikeNotFoundError), transaction.atomic():
        claim(bike_number="none")


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_on_the_bike_and_not_on_its_tariff() -> None:
    bike, other = make_bike(), make_bike(tariff=make_tariff())
    Bike.objects.filter(pk=other.pk).update(tariff=bike.tariff)

    def free_rows() -> list[list[tuple[int]]]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM fleet_bike WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", [bike.pk])
            bikes = cursor.fetchall()
            cursor.execute("SELECT 1 FROM fleet_tariff WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", [bike.tariff_id])
            return [bikes, cursor.fetchall()]

    with transaction.atomic():
        bikes_to_rent_lock(rider_id=uuid4(), bike_id=bike.pk)
        free = elsewhere(free_rows)

    assert free == [[], [(1,)]]
