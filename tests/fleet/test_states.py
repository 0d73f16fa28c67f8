"""The states of a bike: one table, one service, and a row in the log for each move."""

import ast
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bikerental.fleet.constants import TRANSITIONS, BikeStatus, Transition, Transitions
from bikerental.fleet.exceptions import TransitionRefusedError
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.fleet.selectors import bikes_off_log
from bikerental.fleet.services import (
    bike_add,
    bike_edit,
    bike_events_purge,
    bike_log_repair,
    bikes_move,
    bikes_pick_up,
    station_edit,
)
from bikerental.fleet.services.moving import bike_move
from bikerental.fleet.types import RIDER, Actor, BikePlace, operator
from bikerental.maintenance.services import bike_report_create
from bikerental.rentals.services import rental_end_by_operator, rental_return, rental_start
from bikerental.rentals.types import Place
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_station, make_user
from tests.live import ROOT

pytestmark = pytest.mark.django_db

# From, events, to and who, as in the contract.
CONTRACT = [
    ("available", "reservation_start", "reserved", "rider"),
    ("reserved", "reservation_cancel", "available", "rider system operator"),
    ("available reserved", "trip_start", "rented", "rider"),
    ("rented", "trip_end", "available", "rider operator"),
    ("rented", "trip_cancel", "available", "rider"),
    ("rented", "trip_end maintenance", "maintenance", "rider operator"),
    ("available reserved", "maintenance", "maintenance", "operator system"),
    ("maintenance", "maintenance", "available", "operator"),
    ("available maintenance", "rebalance_pick_up", "maintenance", "operator"),
    ("available maintenance retired", "provider_drop_off", "available", "operator"),
    ("available maintenance", "decommissioned", "retired", "operator"),
]
PAIRS = [(before, after) for before in BikeStatus.values for after in BikeStatus.values if before != after]
ALLOWED = {(origin.value, transition.state.value) for transition in TRANSITIONS for origin in transition.origins}
STATES = [(transition, status) for transition in TRANSITIONS for status in BikeStatus.values]


def actor_of(transition: Transition) -> Actor:
    return Actor(transition.actors[0])


def rows_of(bike: Bike) -> list[tuple[Any, ...]]:
    return list(
        BikeEvent.objects.filter(bike=bike).order_by("pk").values_list("event_types", "state", "actor", "operator_id")
    )


def test_the_table_is_the_contracts() -> None:
    assert [tuple(" ".join(part) for part in (row.origins, row.event_types, [row.state], row.actors)) for row in
            TRANSITIONS] == CONTRACT  # fmt: skip


@pytest.mark.parametrize(("transition", "status"), STATES)
def test_a_known_move_adds_one_row_an_unknown_one_nothing(transition: Transition, status: str) -> None:
    bike, actor = make_bike(status=status), actor_of(transition)

    moved = bikes_move(bike_ids=[bike.pk], transition=transition, actor=actor, now=NOON)

    bike.refresh_from_db()
    if status in transition.origins:
        assert (moved, bike.status) == ([bike.pk], transition.state)
        assert rows_of(bike) == [(list(transition.event_types), transition.state, actor.kind, None)]
    else:
        assert (moved, bike.status, rows_of(bike)) == ([], status, [])


def test_the_row_tells_all_of_the_move(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    bike, station, by, rental, hold = make_bike(status="maintenance"), make_station(), uuid4(), uuid4(), uuid4()

    with django_assert_num_queries(2):
        bikes_move(
            bike_ids=[bike.pk],
            transition=Transitions.DROP_OFF,
            actor=operator(by),
            now=NOON,
            place=BikePlace(station.pk, 59.5, 30.5),
            rental_id=rental,
            reservation_id=hold,
            note="from the workshop",
        )

    bike.refresh_from_db()
    assert (bike.station, bike.latitude, bike.longitude) == (station, 59.5, 30.5)
    row = BikeEvent.objects.values().get()
    del row["id"]
    assert row == {
        "bike_id": bike.pk, "happened_at": NOON, "event_types": ["provider_drop_off"], "state": "available",
        "latitude": 59.5, "longitude": 30.5, "station_id": station.pk, "rental_id": rental, "reservation_id": hold,
        "actor": "operator", "operator_id": by, "note": "from the workshop",
    }  # fmt: skip


def test_a_pick_up_is_logged_at_the_station_it_left() -> None:
    station = make_station()
    bike = make_bike(station=station, latitude=1.5, longitude=2.5)

    bikes_pick_up(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)

    bike.refresh_from_db()
    assert (bike.station, bike.latitude, bike.longitude) == (None, 1.5, 2.5)
    assert BikeEvent.objects.values_list("station_id", "latitude", "longitude").get() == (station.pk, 1.5, 2.5)


def test_one_bike_that_does_not_move_is_refused_by_name() -> None:
    bike = make_bike(status="rented")

    with pytest.raises(TransitionRefusedError) as refused:
        bike_move(bike_id=bike.pk, transition=Transitions.RESERVE, actor=RIDER, now=NOON)

    assert refused.value.code == "bike_unavailable"
    assert (Bike.objects.get().status, BikeEvent.objects.count()) == ("rented", 0)


def test_a_move_by_the_wrong_actor_is_an_error_of_the_code() -> None:
    bike = make_bike()

    with pytest.raises(ValueError, match="rider may not"), transaction.atomic():
        bikes_move(bike_ids=[bike.pk], transition=Transitions.DECOMMISSION, actor=RIDER, now=NOON)

    assert Bike.objects.get().status == "available"


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_database_knows_the_table(before: str, after: str) -> None:
    bike = make_bike(status=before)

    if (before, after) in ALLOWED:
        Bike.objects.update(status=after)
        return
    with pytest.raises(IntegrityError, match=f"from {before} to {after}"), transaction.atomic():
        Bike.objects.update(status=after)

    assert Bike.objects.get(pk=bike.pk).status == before


def test_nothing_else_writes_a_bikes_status() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "bikerental").rglob("*.py"))
        if "migrations" not in path.parts and path.name != "moving.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if writes_status(node)
    ]

    assert found == []


def writes_status(node: ast.AST) -> bool:
    """SQL that sets the status of a bike, or Python that sets it to a value of BikeStatus."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        words = node.value.lower().replace('"', "")
        return "update fleet_bike" in words and "status =" in words.split(" where ")[0]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"update", "create", "bulk_update"}:
        values = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        return "BikeStatus" in values.get("status", "")
    if isinstance(node, ast.Assign):
        return any(getattr(target, "attr", "") == "status" for target in node.targets) and "BikeStatus" in ast.unparse(
            node.value
        )
    return False


@pytest.mark.parametrize(
    "change", ["UPDATE fleet_bikeevent SET note = 'x'", "DELETE FROM fleet_bikeevent", "TRUNCATE fleet_bikeevent"]
)
def test_the_log_is_only_added_to(change: str) -> None:
    bikes_pick_up(bike_ids=[make_bike().pk], operator_id=uuid4(), now=NOON)

    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert BikeEvent.objects.values_list("note", flat=True).get() == ""


@pytest.mark.django_db(transaction=True)
def test_retention_takes_old_rows_but_the_last_of_each_bike(settings: LazySettings) -> None:
    settings.BIKE_LOG_RETENTION_DAYS = 30
    idle, busy, by = make_bike(), make_bike(), uuid4()
    for bike, days in ((idle, 90), (busy, 80), (busy, 31), (busy, 29)):
        bikes_pick_up(bike_ids=[bike.pk], operator_id=by, now=NOON - timedelta(days=days))

    assert bike_events_purge(now=NOON) == 2

    kept = BikeEvent.objects.order_by("pk").values_list("bike", "happened_at")
    assert list(kept) == [(idle.pk, NOON - timedelta(days=90)), (busy.pk, NOON - timedelta(days=29))]
    with pytest.raises(IntegrityError), transaction.atomic():
        BikeEvent.objects.all().delete()


def test_a_bike_that_is_deleted_stays_in_the_log() -> None:
    bike = make_bike()
    bikes_pick_up(bike_ids=[bike.pk], operator_id=uuid4(), now=NOON)
    bike_id = bike.pk

    bike.delete()

    assert BikeEvent.objects.values_list("bike_id", flat=True).get() == bike_id


def test_a_move_without_a_row_is_found_and_added() -> None:
    bike, new = make_bike(station=make_station()), make_bike(status="maintenance")
    bikes_move(bike_ids=[bike.pk], transition=Transitions.TAKE, actor=RIDER, now=NOON)
    Bike.objects.filter(pk=bike.pk).update(status="available")  # as code from before the log does
    assert set(bikes_off_log()) == {bike, new}

    assert bike_log_repair(now=NOON) == 2

    assert rows_of(bike)[-1] == (["trip_end"], "available", "system", None)
    assert rows_of(new) == [(["maintenance"], "maintenance", "system", None)]
    assert bike_log_repair(now=NOON) == 0


def test_bikes_in_every_part_get_their_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.core.db.keyset.PART_SIZE", 2)
    for _ in range(5):
        make_bike()

    with CaptureQueriesContext(connection) as statements:
        assert bike_log_repair(now=NOON) == 5

    ends = [each["sql"] for each in statements.captured_queries if "OFFSET 1" in each["sql"]]
    assert [sql.count(" > ") for sql in ends] == [0, 1, 1]
    assert not bikes_off_log().exists()


def test_old_rows_in_every_part_are_deleted(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    monkeypatch.setattr("bikerental.core.db.keyset.PART_SIZE", 2)
    settings.BIKE_LOG_RETENTION_DAYS = 30
    busy, by = make_bike(), uuid4()
    for day in range(5):
        idle = make_bike()
        for bike in (busy, idle):
            Bike.objects.filter(pk=bike.pk).update(status="available")
            bikes_pick_up(bike_ids=[bike.pk], operator_id=by, now=NOON - timedelta(days=90 - day))

    assert bike_events_purge(now=NOON) == 4

    assert BikeEvent.objects.values("bike").distinct().count() == BikeEvent.objects.count() == 6


def test_the_migration_gives_each_bike_one_first_row(monkeypatch: pytest.MonkeyPatch) -> None:
    migration = import_module("bikerental.fleet.migrations.0011_bike_log_first_rows")
    monkeypatch.setattr(migration, "BATCH", 2)
    statuses = ["available", "rented", "maintenance", "reserved", "available"]
    bikes = [make_bike(status=status) for status in statuses]

    for _ in range(2):
        with connection.schema_editor() as editor:
            migration.write_first_rows(apps, editor)

    assert [rows_of(bike) for bike in bikes] == [
        [([event_type], status, "system", None)]
        for event_type, status in zip(
            ["provider_drop_off", "trip_start", "maintenance", "reservation_start", "provider_drop_off"],
            statuses,
            strict=True,
        )
    ]


def test_a_ride_leaves_its_rows() -> None:
    taken_at, left_at, by = make_station(latitude=59.91), make_station(latitude=59.92), make_user()
    bike = make_bike(station=taken_at, latitude=59.91)
    rider = make_user()

    for end in ("rider", "operator"):
        ride = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
        if end == "rider":
            place = Place(station_id=left_at.pk)
            rental_return(rental_id=ride.id, rider_id=rider.pk, place=place, now=NOON + timedelta(minutes=1))
        else:
            rental_end_by_operator(rental_id=ride.id, operator=by, reason="Anna", now=NOON + timedelta(minutes=1))

    columns = ("event_types__0", "state", "latitude", "station_id", "actor", "operator_id", "note")
    assert list(BikeEvent.objects.order_by("pk").values_list(*columns)) == [
        ("trip_start", "rented", 59.91, taken_at.pk, "rider", None, ""),
        ("trip_end", "available", 59.92, left_at.pk, "rider", None, ""),
        ("trip_start", "rented", 59.92, left_at.pk, "rider", None, ""),
        ("trip_end", "available", 59.92, left_at.pk, "operator", by.pk, ""),
    ]
    assert list(BikeEvent.objects.order_by("pk").values_list("rental_id", flat=True))[2:] == [UUID(ride.id)] * 2
    assert not bikes_off_log().exists()


def test_adding_and_moving_a_bike_each_log_one_event() -> None:
    like, by = make_bike(), uuid4()
    bike = Bike(number="NEW", model=like.model, tariff=like.tariff, latitude=59.9, longitude=30.3)

    bike_add(bike=bike, operator_id=by, now=NOON)
    bike.latitude = 59.8
    bike_edit(bike=bike, fields=["latitude"], operator_id=by, now=NOON)
    bike.number = "NEWER"
    bike_edit(bike=bike, fields=["number"], operator_id=by, now=NOON)

    assert rows_of(bike) == [(["provider_drop_off"], "available", "operator", by)] * 2
    assert list(BikeEvent.objects.order_by("pk").values_list("latitude", flat=True)) == [59.9, 59.8]


def test_a_station_that_moves_logs_an_event_for_each_bike() -> None:
    station = make_station(latitude=59.9)
    standing, broken = make_bike(station=station), make_bike(station=station, status="maintenance")
    make_bike(station=station, status="reserved")
    station.latitude = 59.8

    station_edit(station=station, fields=["latitude"], operator_id=uuid4(), now=NOON)

    assert set(BikeEvent.objects.values_list("bike", "event_types__0", "state", "latitude", "note")) == {
        (standing.pk, "provider_drop_off", "available", 59.8, "station moved"),
        (broken.pk, "rebalance_pick_up", "maintenance", 59.8, "station moved"),
    }


def test_taking_out_by_reports_is_logged_as_the_system() -> None:
    bike = make_bike()

    for rider in (make_user(), make_user()):
        bike_report_create(bike_id=bike.pk, rider_id=rider.pk, kind="brakes", text="", counts=True, now=NOON)

    assert rows_of(bike) == [(["maintenance"], "maintenance", "system", None)]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [("pick_up", "available", "maintenance"), ("drop_off", "maintenance", "available"),
     ("drop_off", "retired", "available"), ("decommission", "maintenance", "retired")],
)  # fmt: skip
def test_operators_move_bikes_in_the_admin(client: Client, action: str, before: str, after: str) -> None:
    by, bike = make_user(is_staff=True, is_superuser=True), make_bike(status=before)
    client.force_login(by)

    answer = client.post(
        reverse("admin:fleet_bike_changelist"), {"action": action, "_selected_action": [str(bike.pk)]}, follow=True
    )

    assert [str(message) for message in answer.context["messages"]] == ["1 bike changed."]
    assert (Bike.objects.get().status, BikeEvent.objects.get().operator_id) == (after, by.pk)
    assert client.get(reverse("admin:fleet_bikeevent_changelist"), {"q": bike.number}).status_code == 200


@pytest.mark.parametrize(
    "query", ["status=any", "status=any&lat=59.93&lon=30.31&radius=500", "status=any&number=OLD-1"]
)
def test_a_retired_bike_is_in_no_riders_list(rider_client: RiderClient, query: str) -> None:
    make_bike(status="retired", number="OLD-1")

    assert rider_client.get(f"/api/v1/bikes/?{query}").json()["results"] == []
    assert rider_client.get("/api/v1/bikes/?status=retired").status_code == 400
