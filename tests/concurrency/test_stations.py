"""A station is deleted or moved while a bike is returned to it."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bikerental.fleet.models import Station
from bikerental.fleet.services import station_edit
from tests.clients import RiderClient
from tests.factories import NOON, make_rental, make_station, make_user
from tests.support.interleaving import interleave

pytestmark = pytest.mark.django_db(transaction=True)


def hold() -> None:
    """The deleter stops here, before its commit."""


def delete(station: Station) -> None:
    with transaction.atomic():
        Station.objects.get(pk=station.pk).delete()
        hold()


def send(client: RiderClient, rental: Any, station: Station) -> Any:
    return client.post(f"/api/v1/rentals/{rental.pk}/return/", {"station": str(station.pk)})


def delete_by_hand(operator: Client, station: Station) -> Any:
    return operator.post(reverse("admin:fleet_station_delete", args=[station.pk]), {"post": "yes"})


def test_a_return_to_a_deleted_station_is_a_404(rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    station, rental = make_station(), make_rental(rider=rider_client.rider)

    met = interleave(
        monkeypatch,
        "tests.concurrency.test_stations.hold",
        first=lambda: delete(station),
        second=lambda: send(rider_client, rental, station),
    )

    answer: Any = met.second
    assert met.waited
    assert (answer.status_code, answer.json()["code"]) == (404, "station_not_found")
    rental.refresh_from_db()
    rental.bike.refresh_from_db()
    assert (rental.status, rental.bike.status, rental.ended_at) == ("active", "rented", None)


def test_a_deletion_after_the_return_is_refused_with_a_message(
    rider_client: RiderClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, rental = make_station(), make_rental(rider=rider_client.rider)
    client.force_login(make_user(is_staff=True, is_superuser=True))

    met = interleave(
        monkeypatch,
        "bikerental.rentals.services.places.station_lock_shared",
        first=lambda: send(rider_client, rental, station),
        second=lambda: delete_by_hand(client, station),
    )

    answer: Any = met.first
    deletion: Any = met.second
    assert met.waited
    assert (answer.status_code, answer.json()["end_station"]["id"]) == (200, str(station.pk))
    assert (deletion.status_code, deletion["Location"]) == (
        302,
        reverse("admin:fleet_station_change", args=[station.pk]),
    )
    assert Station.objects.filter(pk=station.pk).exists()
    rental.refresh_from_db()
    assert rental.end_station_id == station.pk
    assert "nothing was deleted" in client.get(reverse("admin:fleet_station_changelist")).content.decode()


def test_returns_at_one_station_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    station = make_station()
    rides = [(RiderClient(rental.rider), rental) for rental in (make_rental(), make_rental())]

    met = interleave(
        monkeypatch,
        "bikerental.rentals.services.places.station_lock_shared",
        first=lambda: send(*rides[0], station),
        second=lambda: send(*rides[1], station),
    )

    assert not met.waited
    assert [answer.status_code for answer in (met.first, met.second)] == [200, 200]


def move(station: Station) -> None:
    moved = Station.objects.get(pk=station.pk)
    moved.latitude = 59.94
    station_edit(station=moved, fields=["latitude"], operator_id=uuid4(), now=NOON)


def test_a_bike_returned_while_its_station_moves_moves_along(
    rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, rental = make_station(latitude=59.93), make_rental(rider=rider_client.rider)

    met = interleave(
        monkeypatch,
        "bikerental.rentals.services.places.station_lock_shared",
        first=lambda: send(rider_client, rental, station),
        second=lambda: move(station),
    )

    answer: Any = met.first
    rental.bike.refresh_from_db()
    assert met.waited
    assert answer.status_code == 200
    assert (rental.bike.station_id, rental.bike.latitude) == (station.pk, 59.94)


def test_a_bike_returned_after_its_station_moved_is_there(
    rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, rental = make_station(latitude=59.93), make_rental(rider=rider_client.rider)

    met = interleave(
        monkeypatch,
        "bikerental.fleet.services.stations.station_lock",
        first=lambda: move(station),
        second=lambda: send(rider_client, rental, station),
    )

    answer: Any = met.second
    rental.bike.refresh_from_db()
    assert met.waited
    assert answer.status_code == 200
    assert (rental.bike.station_id, rental.bike.latitude) == (station.pk, 59.94)
