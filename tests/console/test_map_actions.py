"""Operators' actions on the map: each is done once, by a service, and logged."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import Client

from bikerental.console.models import Action
from bikerental.fleet.models import Bike, BikeEvent, Station
from bikerental.zones.models import Zone
from tests.factories import make_bike, make_rental, make_station
from tests.zones.drawing import make_zone, polygon, square

pytestmark = pytest.mark.django_db
MAP = "/admin/console/map/"
SHAPE = '{"type":"Polygon","coordinates":[[[30.3,59.9],[30.4,59.9],[30.4,60.0],[30.3,59.9]]]}'


def send(client: Client, address: str, key: UUID | None = None, **fields: Any) -> tuple[int, str]:
    """The status, and what the operator is told."""
    with transaction.atomic():  # which a refusal rolls back, as it does the request's own
        answer = client.post(MAP + address, {"key": key or uuid4(), **fields}, headers={"X-Requested-With": "map"})
    is_told = answer["Content-Type"] == "application/json"
    return answer.status_code, answer.json()["text"] if is_told else answer.content.decode()


def moved_to(bike: Bike, **place: Any) -> dict[str, Any]:
    return {"seen_latitude": bike.latitude, "seen_longitude": bike.longitude, **place}


def actions() -> list[tuple[Any, ...]]:
    return list(Action.objects.order_by("id").values_list("kind", "bike_id", "station_id", "zone_id"))


@pytest.mark.parametrize(
    ("deed", "before", "after", "kind", "event"),
    [
        ("out", "available", "maintenance", "bike_out", "maintenance"),
        ("back", "maintenance", "available", "bike_back", "maintenance"),
        ("back", "retired", "available", "bike_back", "provider_drop_off"),
        ("retire", "maintenance", "retired", "bike_retired", "decommissioned"),
        ("retire", "available", "retired", "bike_retired", "decommissioned"),
    ],
)
def test_a_bike_changes_its_state(manager: Client, deed: str, before: str, after: str, kind: str, event: str) -> None:
    bike = make_bike(status=before)

    status, _ = send(manager, f"bike/{bike.pk}/{deed}/")

    bike.refresh_from_db()
    logged = BikeEvent.objects.get()
    assert (status, bike.status, actions()) == (200, after, [(kind, bike.pk, None, None)])
    assert (logged.event_types, logged.operator_id) == ([event], manager.operator.pk)


@pytest.mark.parametrize("deed", ["out", "back", "retire", "move"])
def test_an_action_on_a_bike_ridden_meanwhile_is_refused(manager: Client, deed: str) -> None:
    bike = make_rental().bike

    answer = send(manager, f"bike/{bike.pk}/{deed}/", **moved_to(bike, latitude=59.94, longitude=30.32))

    assert answer == (409, "This bike is being ridden now. Nothing was changed.")
    after = Bike.objects.get()
    assert (after.status, after.latitude, after.longitude) == ("rented", bike.latitude, bike.longitude)
    assert (actions(), BikeEvent.objects.count()) == ([], 0)


def test_a_reserved_bike_is_not_moved_away_from_its_rider(manager: Client) -> None:
    bike = make_bike(status="reserved")

    answer = send(manager, f"bike/{bike.pk}/move/", **moved_to(bike, latitude=59.94, longitude=30.32))

    assert answer == (409, "A rider has reserved this bike. Nothing was changed.")
    assert (Bike.objects.get().latitude, actions()) == (bike.latitude, [])


def test_a_second_click_changes_nothing(manager: Client) -> None:
    bike, key = make_bike(), uuid4()

    answers = [send(manager, f"bike/{bike.pk}/out/", key) for _ in range(2)]

    assert answers == [
        (200, "The bike is out of service."), (200, "This had been done already. It was done once."),
    ]  # fmt: skip
    assert (len(actions()), BikeEvent.objects.count()) == (1, 1)


@pytest.mark.parametrize(("state", "event"), [("available", "provider_drop_off"), ("maintenance", "rebalance_pick_up")])
def test_a_bike_is_moved_in_the_street(manager: Client, state: str, event: str) -> None:
    bike = make_bike(status=state, station=make_station())

    status, _ = send(manager, f"bike/{bike.pk}/move/", **moved_to(bike, latitude=59.94, longitude=30.32))

    bike.refresh_from_db()
    assert (status, bike.status, bike.latitude, bike.longitude, bike.station) == (200, state, 59.94, 30.32, None)
    assert [each.event_types for each in BikeEvent.objects.all()] == [[event]]
    assert actions() == [("bike_moved", bike.pk, None, None)]


def test_a_bike_is_moved_to_a_station(manager: Client) -> None:
    bike, station = make_bike(), make_station(latitude=59.95, longitude=30.33)

    send(manager, f"bike/{bike.pk}/move/", **moved_to(bike, station=station.pk))

    bike.refresh_from_db()
    assert (bike.station, bike.latitude, bike.longitude) == (station, 59.95, 30.33)


def test_a_bike_that_was_moved_meanwhile_stays(manager: Client) -> None:
    bike = make_bike()

    answer = send(
        manager, f"bike/{bike.pk}/move/", latitude=59.94, longitude=30.32, seen_latitude=1.0, seen_longitude=2.0
    )

    assert answer == (409, "This bike is at another place since you looked. Nothing was changed.")
    assert (Bike.objects.get().latitude, actions()) == (bike.latitude, [])


@pytest.mark.parametrize("place", [{}, {"latitude": 59.94}, {"latitude": 10.0, "longitude": 10.0}, {"latitude": 91}])
def test_a_bike_is_moved_to_no_impossible_place(manager: Client, place: dict[str, float]) -> None:
    make_station()
    bike = make_bike()

    status, _ = send(manager, f"bike/{bike.pk}/move/", **moved_to(bike, **place))

    assert (status, Bike.objects.get().latitude, actions()) == (422, bike.latitude, [])


def test_a_station_is_added(manager: Client) -> None:
    status, _ = send(
        manager, "station/", name="Quay", capacity=12, latitude=59.9, longitude=30.2, is_renting="on", is_returning="on"
    )

    station = Station.objects.get()
    assert (status, station.name, station.capacity, station.is_renting) == (200, "Quay", 12, True)
    assert actions() == [("station_added", None, station.pk, None)]


QUAY = {"name": "Quay", "capacity": 12, "latitude": 59.93, "longitude": 30.31, "is_renting": True, "is_returning": True}


def change(client: Client, station: Station, **fields: Any) -> tuple[int, str]:
    """Send the form of a station that was shown as QUAY."""
    return send(client, f"station/{station.pk}/", **QUAY | fields, **{f"initial-{n}": v for n, v in QUAY.items()})


def test_a_station_moves_with_its_bikes_and_keeps_the_rest(manager: Client) -> None:
    station = make_station(name="Quay", capacity=12)
    bike = make_bike(station=station)
    Station.objects.update(capacity=20)  # by another operator, after the form was shown

    status, _ = change(manager, station, latitude=59.95)

    station.refresh_from_db()
    bike.refresh_from_db()
    assert (status, station.latitude, station.capacity, bike.latitude) == (200, 59.95, 20, 59.95)
    assert actions() == [("station_changed", None, station.pk, None)]


@pytest.mark.parametrize(("name", "theirs", "mine"), [("capacity", 20, 15), ("latitude", 59.94, 59.95)])
def test_a_station_changed_by_another_is_not_overwritten(
    manager: Client, name: str, theirs: float, mine: float
) -> None:
    station = make_station(name="Quay", capacity=12)
    Station.objects.update(**{name: theirs})

    answer = change(manager, station, **{name: mine})

    assert answer == (409, "Somebody has changed this station since you opened it. Open it again. Nothing was changed.")
    assert (getattr(Station.objects.get(), name), actions()) == (theirs, [])


def test_a_zone_is_drawn(manager: Client) -> None:
    status, _ = send(manager, "zone/", name="Park", kind="no_return", is_active="on", shape=SHAPE, revision=0)

    zone = Zone.objects.get()
    assert (status, zone.name, zone.kind, zone.points) == (200, "Park", "no_return", 4)
    assert actions() == [("zone_added", None, None, zone.pk)]


def test_a_shape_that_is_no_zone_comes_back_with_the_reason(manager: Client) -> None:
    crossed = '{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}'

    status, page = send(manager, "zone/", name="Park", kind="no_return", is_active="on", shape=crossed, revision=0)

    assert (status, "errorlist" in page, Zone.objects.exists(), actions()) == (422, True, False, [])


def test_a_zone_is_redrawn(manager: Client) -> None:
    zone = make_zone(polygon(square(30.0, 59.0, 31.0, 60.0)), name="Park")
    zone.refresh_from_db()

    status, _ = send(
        manager, f"zone/{zone.pk}/", name="Park", kind="service_area", is_active="on", shape=SHAPE,
        revision=zone.revision,
    )  # fmt: skip

    zone.refresh_from_db()
    assert (status, zone.points, zone.shape["coordinates"][0][0][0] >= 30.3) == (200, 4, True)
    assert actions() == [("zone_changed", None, None, zone.pk)]


def test_a_zone_that_another_has_changed_is_not_overwritten(manager: Client) -> None:
    zone = make_zone(name="Park")
    zone.refresh_from_db()
    Zone.objects.update(name="Garden")

    status, text = send(
        manager, f"zone/{zone.pk}/", name="Parks", kind="service_area", is_active="on", shape=SHAPE,
        revision=zone.revision,
    )  # fmt: skip

    assert (status, text.startswith("Somebody has changed this zone")) == (409, True)
    assert (Zone.objects.get().name, actions()) == ("Garden", [])


def test_without_the_script_the_forms_are_pages(manager: Client) -> None:
    bike = make_bike()
    address = f"{MAP}bike/{bike.pk}/out/"

    page = manager.get(address).content.decode()
    answer = manager.post(address, {"key": uuid4()})

    assert ("<nav" in page, answer.status_code, answer["Location"]) == (True, 302, MAP)
    assert Bike.objects.get().status == "maintenance"
