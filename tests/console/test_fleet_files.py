"""Bikes and stations from files: valid and invalid lines, all or nothing, and the log."""

from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from bikerental.console.services import fleet_files_check
from bikerental.console.types import Fault, FleetFiles
from bikerental.fleet.exceptions import FleetChangedError
from bikerental.fleet.locks import bikes_lock, fleet_load_lock
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.fleet.services import loading
from bikerental.fleet.types import FleetLoaded
from tests.console.fleet_files import BIKES, OPERATOR, fleet, load, table
from tests.factories import make_bike, make_model, make_station, make_tariff
from tests.support.threads import meanwhile, race
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def terms(db: None) -> None:
    make_model(name="Sprint")
    make_tariff(name="Day")


def faults(bikes: bytes | None = None, stations: bytes | None = None) -> list[Fault]:
    checked = fleet_files_check(FleetFiles(stations, bikes))
    return [fault for file in checked if file for fault in file.faults]


def log() -> list[BikeEvent]:
    return list(BikeEvent.objects.select_related("bike").order_by("bike__number", "id"))


def test_stations_and_their_bikes_come_in_one_run() -> None:
    stations = table("name,latitude,longitude,capacity,is_renting", "Harbour,59.9,30.3,12,", "Market,59.8,30.2,5,false")
    bikes = table("number,model,tariff,station,status", "B-1,Sprint,Day,Harbour,", "B-2,sprint,DAY,Market,maintenance")

    loaded = load(bikes, stations)

    assert fleet() == (
        [
            ("B-1", "Sprint", "Day", "available", "Harbour", 59.9, 30.3),
            ("B-2", "Sprint", "Day", "maintenance", "Market", 59.8, 30.2),
        ],
        [("Harbour", 59.9, 12, True), ("Market", 59.8, 5, False)],
    )
    assert (len(loaded.stations_added), loaded.bikes_added) == (2, 2)
    assert [(e.bike.number, e.event_types, e.state, e.operator_id, e.note) for e in log()] == [
        ("B-1", ["provider_drop_off"], "available", OPERATOR.operator_id, "from a file"),
        ("B-2", ["provider_drop_off"], "available", OPERATOR.operator_id, "from a file"),
        ("B-2", ["maintenance"], "maintenance", OPERATOR.operator_id, "from a file"),
    ]  # fmt: skip


def test_the_same_files_again_change_nothing() -> None:
    stations = table("name,latitude,longitude,capacity", "Harbour,59.9,30.3,12")
    load(BIKES, stations)
    before = fleet()

    assert load(BIKES, stations) == FleetLoaded([], [])
    assert (fleet(), BikeEvent.objects.count()) == (before, 1)


ENCODED = "number;model;tariff;latitude;longitude\r\nБ-1;Спринт;Ночной;59,93;30,31\r\n"


@pytest.mark.parametrize(
    "data",
    [
        ENCODED.encode(),
        ENCODED.encode("utf-8-sig"),
        ENCODED.encode("cp1251"),
        ENCODED.replace(";", "\t").encode("utf-16"),
        ENCODED.replace(",", ".").replace(";", ",").encode("cp1251"),
    ],
    ids=["utf-8", "mark", "windows-1251", "utf-16, tabs", "commas"],
)
def test_files_of_any_spreadsheet_are_read(data: bytes) -> None:
    make_model(name="Спринт")
    make_tariff(name="Ночной")

    load(data)

    assert fleet()[0] == [("Б-1", "Спринт", "Ночной", "available", None, 59.93, 30.31)]


HEAD = "number,model,tariff,station,latitude,longitude,status"
KNOWN = "number, model, tariff, station, latitude, longitude, status"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([HEAD, "B-1,Tandem,Day,,59.93,30.31,"], [("There is none of the name “Tandem”.", 2, "model")]),
        ([HEAD, "B-1,Twin,Day,,59.93,30.31,"], [("2 have the name “Twin”: write the id.", 2, "model")]),
        ([HEAD, "B-1,Sprint,Day,Nowhere,,,"], [("There is none of the name “Nowhere”.", 2, "station")]),
        (
            [HEAD, "B-1,,,,,,"],
            [
                ("A new bike needs it.", 2, "model"),
                ("A new bike needs it.", 2, "tariff"),
                ("A new bike needs a station, or latitude and longitude.", 2, "station"),
            ],
        ),
        (
            [HEAD, "B-1,Sprint,Day,,59.93,30.31,", "", "b 1,Sprint,Day,,59.93,30.31,"],
            [("Line 2 has the same.", 4, "number")],
        ),
        ([HEAD, "B-1,Sprint,Day,,95,30.31,"], [("Ensure this value is less than or equal to 90.0.", 2, "latitude")]),
        (
            [HEAD, "B-1,Sprint,Day,,nan,1e999,"],
            [("“nan” is not a number.", 2, "latitude"), ("“1e999” is not a number.", 2, "longitude")],
        ),
        ([HEAD, "B-1,Sprint,Day,,59.93,,"], [("Give both latitude and longitude, or none.", 2, "latitude")]),
        (
            [HEAD, "B-1,Sprint,Day,,59.93,30.31,lost"],
            [
                (
                    "There is no such state. The states are: available, rented, reserved, maintenance, retired.",
                    2,
                    "status",
                ),
            ],
        ),
        (
            [HEAD, "B-1,Sprint,Day,,59.93,30.31,rented"],
            [("A new bike can be available, in maintenance or retired.", 2, "status")],
        ),
        (
            [HEAD, "https://x.example/b/1,Sprint,Day,,59.93,30.31,"],
            [("A number has letters or digits, and is no address.", 2, "number")],
        ),
        (
            [HEAD, f"{'9' * 33},Sprint,Day,,59.93,30.31,"],
            [("A number has letters or digits, and is no address.", 2, "number")],
        ),
        ([HEAD, "B-1,Sprint,Day"], [("This line has 3 cells, and the first line has 7.", 2, "")]),
        ([HEAD, 'B-1,"Sprint,Day'], [("From this line on the file is no CSV: a quotation mark is not closed.", 2, "")]),
        (
            ["model,colour,model", "Sprint,red,"],
            [
                (f"There is no column “colour”. The columns are: {KNOWN}.", 1, ""),
                ("The column “model” is there twice.", 1, ""),
                (f"The column “number” is missing. The columns are: {KNOWN}.", 1, ""),
            ],
        ),
        ([HEAD], [("The file has only its first line, with the names of the columns.", None, "")]),
        ([""], [("The file is empty.", None, "")]),
        (
            ["number,mo\0del"],
            [("This is no text in UTF-8 or Windows-1251. Save it as CSV in one of these encodings.", None, "")],
        ),
    ],
)
def test_each_fault_is_named_with_its_line(lines: list[str], found: list[tuple[str, int | None, str]]) -> None:
    make_model(name="Twin")
    make_model(name="twin ")

    assert faults(table(*lines)) == [Fault(*each) for each in found]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (
            ["name,latitude", "New,1"],
            [
                ("A new station needs it.", 2, "longitude"),
                ("A new station needs it.", 2, "capacity"),
            ],
        ),
        (["id,name", "x,New"], [("“x” is not an id. Leave it empty for a new station.", 2, "")]),
        (["name", "Twin"], [("2 have the name “Twin”: write the id.", 2, "name")]),
        (["name,capacity", "Old,-1"], [("Ensure this value is greater than or equal to 0.", 2, "capacity")]),
        (["name,capacity", "Old,1.5"], [("“1.5” is not a whole number.", 2, "capacity")]),
        (["name,is_renting", "Old,perhaps"], [("Write true or false.", 2, "is_renting")]),
        (["name,capacity", "Old,3", "old,4"], [("Line 2 has the same.", 3, "name")]),
    ],
)
def test_each_fault_of_a_station_is_named(lines: list[str], found: list[tuple[str, int | None, str]]) -> None:
    for name in ("Old", "Twin", "Twin"):
        make_station(name=name)

    assert faults(stations=table(*lines)) == [Fault(*each) for each in found]


def test_a_place_elsewhere_is_refused() -> None:
    make_station(latitude=59.93, longitude=30.31)

    assert faults(table(HEAD, "B-1,Sprint,Day,,30.31,59.93,")) == [
        Fault("This place is outside of the area that the service covers. Check latitude and longitude.", 2, "latitude")
    ]


def test_a_known_bike_gets_what_the_file_says_and_no_more() -> None:
    station = make_station(name="Harbour", latitude=59.9, longitude=30.3)
    bike = make_bike(number="B-1", status="maintenance")

    load(table("number,tariff,station", "b1,Day,Harbour"))

    bike.refresh_from_db()
    assert (bike.number, bike.tariff.name, bike.model.name, bike.status) == ("B-1", "Day", "City", "maintenance")
    assert (bike.station, bike.latitude, bike.longitude) == (station, 59.9, 30.3)
    assert [(each.event_types, each.state, each.station_id) for each in log()] == [
        (["rebalance_pick_up"], "maintenance", station.pk)
    ]


@pytest.mark.parametrize("status", ["rented", "reserved", "retired"])
def test_a_bike_that_is_not_parked_keeps_place_and_state(status: str) -> None:
    bike = make_bike(number="B-1", status=status)

    checked = fleet_files_check(FleetFiles(bikes=table(HEAD, "B-1,,Day,,59.95,30.35,available"))).bikes
    loaded = load(table(HEAD, "B-1,,Day,,59.95,30.35,available"))

    bike.refresh_from_db()
    assert (bike.status, bike.latitude, bike.tariff.name) == (status, 59.93, "Day")
    assert checked is not None
    assert (checked.kept, loaded.places_kept, loaded.bikes_changed, log()) == (1, 1, 1, [])


def test_the_bikes_of_a_station_move_along() -> None:
    station = make_station(name="Harbour")
    standing, riding = make_bike(number="B-1", station=station), make_bike(number="B-2", status="rented")

    load(stations=table("id,name,latitude", f"{station.pk},New harbour,59.95"))

    assert fleet()[1] == [("New harbour", 59.95, 20, True)]
    assert [Bike.objects.get(pk=bike.pk).latitude for bike in (standing, riding)] == [59.95, 59.93]
    assert [(each.bike_id, each.note) for each in log()] == [(standing.pk, "station moved")]


@pytest.mark.parametrize("is_of", ["changed station", "named station", "changed bike"])
def test_a_row_deleted_before_the_locks_refuses_the_file(is_of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    station, bike = make_station(name="Harbour"), make_bike(number="B-1")
    lock = loading._lock

    def delete_then_lock(*rows: Any) -> None:
        deleted = bike if is_of == "changed bike" else station
        type(deleted).objects.filter(pk=deleted.pk).delete()
        lock(*rows)

    monkeypatch.setattr(loading, "_lock", delete_then_lock)

    files = [table("number,station", "B-1,Harbour"), None]
    if is_of == "changed station":
        files = [None, table("id,name,latitude", f"{station.pk},Harbour,59.95")]
    with pytest.raises(FleetChangedError), transaction.atomic():
        load(*files)


def many(count: int) -> list[str]:
    return [HEAD, *(f"B-{number:05},Sprint,Day,,{59.9 + number / 1e6},30.31," for number in range(count))]


def test_one_fault_in_ten_thousand_lines_writes_nothing() -> None:
    lines = many(10_000)
    lines[7_000] = "B-x,Sprint,Day,,91,30.31,"

    assert faults(table(*lines)) == [Fault("Ensure this value is less than or equal to 90.0.", 7_001, "latitude")]
    with pytest.raises(FleetChangedError), transaction.atomic():
        load(table(*lines))
    assert not Bike.objects.exists()


def test_ten_thousand_lines_need_few_statements(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(60):
        load(table(*many(10_000)))

    assert (Bike.objects.count(), BikeEvent.objects.count()) == (10_000, 10_000)
    changed = [line.replace("Sprint,Day", "Sprint,Night").replace("30.31", "30.32") for line in many(10_000)]
    make_tariff(name="Night")
    with django_assert_max_num_queries(100):
        load(table(*changed))

    assert Bike.objects.filter(tariff__name="Night", longitude=30.32).count() == 10_000


@pytest.mark.parametrize("data", [b"x" * (3 * 1024**2 + 1), table(*many(20_001))], ids=["bytes", "lines"])
def test_a_file_that_is_too_large_is_refused(data: bytes) -> None:
    assert [fault.text.partition(". ")[2] for fault in faults(data)] == ["Split it: each part needs the first line."]


@pytest.mark.django_db(transaction=True)
def test_while_a_file_is_written_another_one_is_refused() -> None:
    with transaction.atomic():
        assert fleet_load_lock()
        [outcome] = race(lambda: load(BIKES))

    assert (outcome, Bike.objects.count()) == ("FleetBusyError", 0)


@pytest.mark.django_db(transaction=True)
def test_a_bike_that_is_taken_meanwhile_keeps_its_place() -> None:
    """The ride begins after the file was checked, and before its bikes are locked."""
    bike, is_locked = make_bike(number="B-1"), Event()

    def loads() -> FleetLoaded:
        is_locked.wait(60)
        return load(table(HEAD, "B-1,,Day,,59.95,30.35,"))

    with meanwhile(loads) as loading, transaction.atomic():
        bikes_lock(bike_ids=[bike.pk])
        is_locked.set()
        wait_until(someone_waits, 60, "the load's wait for the bike")
        Bike.objects.filter(pk=bike.pk).update(status="rented")

    bike.refresh_from_db()
    assert (loading.result().places_kept, bike.latitude, bike.tariff.name) == (1, 59.93, "Day")


def someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
