"""The build of the public feed: from rows to files, in one snapshot and one transaction."""

import gzip
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DataError, IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.feeds.models import FeedBuild, FeedFile
from bikerental.feeds.selectors.built import feed_metrics, files_read
from bikerental.feeds.services import building, feed_build
from bikerental.feeds.tasks import build_feed
from bikerental.feeds.wsgi import FeedApplication
from bikerental.fleet.constants import Transitions
from bikerental.fleet.models import Bike
from bikerental.fleet.services import bike_move
from bikerental.fleet.types import operator
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.services import (
    rental_cancel,
    rental_start,
    reservation_cancel,
    reservation_start,
)
from bikerental.rentals.types import Place
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_model, make_station, make_tariff, make_user
from tests.feeds.feed import build, file, stations, vehicles
from tests.feeds.riding import ride
from tests.support.threads import at_once, elsewhere
from tests.zones.drawing import make_zone, polygon, square

pytestmark = pytest.mark.django_db(transaction=True)
PARK = polygon(square(30.3, 59.9, 30.4, 60.0))


def public_id() -> str:
    build()
    (vehicle,) = vehicles()
    return str(vehicle["vehicle_id"])


def hold(bike: Bike) -> tuple[Any, Any]:
    rider = make_user()
    return reservation_start(rider_id=rider.pk, bike_id=bike.pk, now=timezone.now()), rider


def rules(name: str) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in file(name)["data"]["geofencing_zones"]["features"]]


# Vehicles


def test_a_vehicle_says_where_and_what_it_is() -> None:
    model, tariff = make_model(propulsion="electric", max_range_m=45_000), make_tariff()
    bike = make_bike(model=model, tariff=tariff, latitude=59.9312345678, longitude=-30.5)
    bike_move(bike_id=bike.pk, transition=Transitions.SEND_TO_MAINTENANCE, actor=operator(bike.pk), now=NOON)
    bike_move(bike_id=bike.pk, transition=Transitions.RETURN_TO_SERVICE, actor=operator(bike.pk), now=NOON)

    build()

    ((third,), (second,)) = vehicles(3), vehicles(2)
    common = {
        "lat": 59.931235,
        "lon": -30.5,
        "is_reserved": False,
        "is_disabled": False,
        "vehicle_type_id": str(model.pk),
        "pricing_plan_id": str(tariff.pk),
        "current_range_meters": 45_000,
    }
    assert third == {"vehicle_id": third["vehicle_id"], **common, "last_reported": "2026-06-15T12:00:00Z"}
    assert second == {"bike_id": third["vehicle_id"], **common, "last_reported": int(NOON.timestamp())}


def test_only_what_riders_can_take_or_have_reserved_is_shown() -> None:
    closed = make_station(is_renting=False)
    for status in ("rented", "maintenance", "retired"):
        make_bike(status=status)
    make_bike(station=closed)
    make_bike()
    hold(make_bike())

    build()

    assert sorted(vehicle["is_reserved"] for vehicle in vehicles()) == [False, True]


def test_a_vehicle_without_a_motor_or_a_log_has_fewer_fields() -> None:
    station = make_station()
    make_bike(station=station)

    build()

    (vehicle,) = vehicles()
    assert vehicle["station_id"] == str(station.pk)
    assert "current_range_meters" not in vehicle
    assert "last_reported" not in vehicle


def test_the_public_id_is_another_one_after_each_ride() -> None:
    bike, seen = make_bike(), []
    for _ in range(3):
        seen.append(public_id())
        ride(bike)

    seen.append(public_id())

    assert len(set(seen)) == 4
    assert not any(str(bike.pk) in each or bike.number in each for each in seen)


def test_the_public_id_changes_after_a_cancelled_ride_too() -> None:
    bike, rider, now = make_bike(), make_user(), timezone.now()
    before = public_id()
    rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=now)
    rental_cancel(rental_id=rental.id, rider_id=rider.pk, reason=CancelReason.WRONG_BIKE, text="", now=now)

    assert public_id() != before


def test_the_public_id_stays_while_nobody_rides() -> None:
    bike = make_bike()
    ride(bike)
    before = public_id()
    reservation, rider = hold(bike)
    assert public_id() == before
    reservation_cancel(reservation_id=reservation.id, rider_id=rider.pk, now=timezone.now())
    mechanic = operator(rider.pk)
    bike_move(bike_id=bike.pk, transition=Transitions.SEND_TO_MAINTENANCE, actor=mechanic, now=timezone.now())
    bike_move(bike_id=bike.pk, transition=Transitions.RETURN_TO_SERVICE, actor=mechanic, now=timezone.now())

    assert public_id() == before


def test_the_public_id_needs_the_key(settings: Any) -> None:
    make_bike()
    before = public_id()
    settings.SECRET_KEY = "another"

    assert public_id() != before


def test_vehicles_are_listed_by_their_changing_ids() -> None:
    """In a fixed order a bike could be recognised by its place in the list."""
    for latitude in range(20):
        make_bike(latitude=latitude, number=f"N-{latitude:02}")

    build()

    ids = [vehicle["vehicle_id"] for vehicle in vehicles()]
    assert ids == sorted(ids)
    assert [vehicle["lat"] for vehicle in vehicles()] != sorted(vehicle["lat"] for vehicle in vehicles())


# Stations


def test_a_station_counts_as_the_api_does(rider_client: RiderClient) -> None:
    station = make_station(capacity=5)
    city, cargo = make_model(), make_model(name="Cargo", propulsion="electric_assist")
    for model in (city, city, cargo):
        make_bike(station=station, model=model)
    make_bike(station=station, status="maintenance", model=city)
    make_bike(station=make_station(name="Z", is_renting=False, is_returning=False))

    build()

    listed = rider_client.get("/api/v1/stations/").json()["results"]
    shown = stations()
    assert [(s["num_vehicles_available"], s["num_docks_available"]) for s in shown] == [
        (s["bikes_available"], s["docks_available"]) for s in listed
    ]
    first = {each["vehicle_type_id"]: each["count"] for each in shown[0]["vehicle_types_available"]}
    assert (first[str(city.pk)], first[str(cargo.pk)]) == (2, 1)
    assert [(s["is_renting"], s["is_returning"]) for s in shown] == [(True, True), (False, False)]
    assert [s["num_vehicles_available"] for s in shown] == [3, 0]


def test_a_station_last_reported_when_a_bike_came_or_left() -> None:
    station = make_station(created_at=NOON - timedelta(days=1))
    bike = make_bike(station=station)
    build()
    (before,) = stations()
    ride(bike, now=NOON, place=Place(latitude=59.9, longitude=30.3))  # it leaves, and comes to no other station

    build()

    assert before["last_reported"] == "2026-06-14T12:00:00Z"
    assert stations()[0]["last_reported"] == "2026-06-15T12:00:00Z"
    assert stations("2/station_status")[0]["last_reported"] == int(NOON.timestamp())


def test_no_report_is_newer_than_its_file() -> None:
    """A ride may end while the build waits for its turn."""
    station = make_station(created_at=NOON + timedelta(seconds=2))
    ride(make_bike(station=station), now=NOON + timedelta(seconds=1, milliseconds=900))

    build(now=NOON + timedelta(seconds=1, milliseconds=700))

    assert [vehicles()[0]["last_reported"], stations()[0]["last_reported"]] == ["2026-06-15T12:00:01Z"] * 2


def test_a_station_says_where_it_is() -> None:
    station = make_station(name='A "quoted" name', capacity=7)

    build()

    common = {"station_id": str(station.pk), "lat": 59.93, "lon": 30.31, "capacity": 7, "is_virtual_station": False}
    assert stations("2/station_information") == [{**common, "name": station.name}]
    (third,) = stations("3/station_information")
    assert {text["text"] for text in third.pop("name")} == {station.name}
    assert third == common


# Types and plans


def test_a_type_has_the_plans_of_its_bikes_the_most_used_first() -> None:
    model, rare, usual = make_model(), make_tariff(name="A rare one"), make_tariff()
    make_bike(model=model, tariff=rare)
    for _ in range(2):
        make_bike(model=model, tariff=usual)
    make_bike(model=model, tariff=make_tariff(name="of nobody"), status="retired")

    build()

    (kind,) = file("3/vehicle_types")["data"]["vehicle_types"]
    assert kind["default_pricing_plan_id"] == str(usual.pk)
    assert kind["pricing_plan_ids"] == [str(usual.pk), str(rare.pk)]
    assert [plan["name"][0]["text"] for plan in file("3/system_pricing_plans")["data"]["plans"]] == [
        "A rare one",
        "Basic",
    ]


def test_a_plan_has_all_terms_in_numbers_or_words() -> None:
    terms = {"free_minutes": 30, "daily_cap": Decimal(450), "out_of_area_fee": Decimal(300)}
    make_bike(tariff=make_tariff(**terms))

    build()

    (plan,) = file("2/en/system_pricing_plans")["data"]["plans"]
    assert (plan["currency"], plan["price"], plan["is_taxable"]) == ("RUB", 50.0, False)
    assert plan["per_min_pricing"] == [{"start": 30, "rate": 5.0, "interval": 1}]
    assert plan["description"] == (
        "Unlocking: 50.00 RUB. Each minute: 5.00 RUB. Free minutes: 30. Minutes of 24 hours cost at most 450.00 RUB. "
        "An end outside the service area: 300.00 RUB more."
    )
    (russian,) = file("2/ru/system_pricing_plans")["data"]["plans"]
    assert russian["description"].startswith("Разблокировка: 50.00 RUB.")
    (third,) = file("3/system_pricing_plans")["data"]["plans"]
    assert {text["language"]: text["text"] for text in third["description"]} == {
        "en": plan["description"],
        "ru": russian["description"],
    }


def test_reservations_that_are_off_have_no_time(settings: Any) -> None:
    make_model()
    build()
    assert file("3/vehicle_types")["data"]["vehicle_types"][0]["default_reserve_time"] == 10
    settings.RESERVATION_MINUTES = 0

    build()

    assert "default_reserve_time" not in file("3/vehicle_types")["data"]["vehicle_types"][0]


# Zones


def test_a_zone_of_no_return_comes_before_its_area() -> None:
    make_zone(name="A")
    make_zone(PARK, name="Park", kind="no_return")

    build()

    park, area = rules("3/geofencing_zones")
    assert [park["name"][0]["text"], area["name"][0]["text"]] == ["Park", "A"]
    allowed = {"ride_start_allowed": True, "ride_end_allowed": True, "ride_through_allowed": True}
    assert area["rules"] == [allowed]
    assert park["rules"] == [allowed | {"ride_end_allowed": False, "station_parking": True}]
    assert file("3/geofencing_zones")["data"]["global_rules"] == park["rules"]
    assert [zone["name"] for zone in rules("2/en/geofencing_zones")] == ["Park", "A", "Outside the service area"]
    assert [zone["rules"][0]["ride_allowed"] for zone in rules("2/ru/geofencing_zones")] == [False, True, False]


def test_without_a_service_area_rides_end_everywhere() -> None:
    build()

    (everywhere,) = file("3/geofencing_zones")["data"]["global_rules"]
    assert everywhere["ride_end_allowed"] is True
    assert rules("2/en/geofencing_zones") == []


def test_only_zones_in_force_are_shown_with_their_times() -> None:
    now = timezone.now()
    until = now + timedelta(hours=1)
    make_zone(valid_from=NOON, valid_until=until)
    make_zone(is_active=False)
    make_zone(valid_from=now + timedelta(hours=1))

    build(now=now)

    (shown,) = rules("3/geofencing_zones")
    assert shown["start"] == "2026-06-15T12:00:00Z"
    assert rules("2/en/geofencing_zones")[0]["end"] == int(until.timestamp())


def test_a_changed_zone_is_drawn_anew() -> None:
    zone = make_zone()
    build()
    before = file("2/en/geofencing_zones")["data"]
    zone.shape = PARK
    zone.save()

    build()

    after = file("2/en/geofencing_zones")["data"]
    own, outside = (feature["geometry"] for feature in after["geofencing_zones"]["features"])
    assert own != before["geofencing_zones"]["features"][0]["geometry"]
    assert min(own["coordinates"][0][0]) == [30.3, 59.9]
    assert outside != before["geofencing_zones"]["features"][1]["geometry"]


# The build itself


def test_all_files_are_of_one_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    station = make_station()
    bike = make_bike(station=station)
    read = building.vehicle_rows

    def read_and_ride(**values: Any) -> Any:
        rows = read(**values)
        elsewhere(lambda: ride(bike, place=Place(latitude=59.9, longitude=30.3)))
        elsewhere(make_station)
        return rows

    monkeypatch.setattr(building, "vehicle_rows", read_and_ride)

    build()

    (status,) = stations()
    assert (status["num_vehicles_available"], status["num_docks_available"]) == (1, 19)
    assert [vehicle["station_id"] for vehicle in vehicles()] == [str(station.pk)]


def test_all_files_appear_together(monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    make_station()
    replace, seen = building._replace, []

    def replace_and_look(*args: Any) -> None:
        replace(*args)
        seen.append(elsewhere(lambda: len(stations())))

    monkeypatch.setattr(building, "_replace", replace_and_look)

    build()

    assert set(seen) == {0}
    assert len(stations()) == 1


def test_one_of_three_builds_at_once_builds() -> None:
    now = timezone.now()

    assert sorted(at_once(lambda _: feed_build(now=now), times=3)) == [False, False, True]


def test_a_build_does_not_wait_for_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    read, outcomes = building.vehicle_rows, []

    def read_and_build(**values: Any) -> Any:
        monkeypatch.setattr(building, "vehicle_rows", read)
        outcomes.append(elsewhere(lambda: feed_build(now=timezone.now())))
        return read(**values)

    monkeypatch.setattr(building, "vehicle_rows", read_and_build)

    build()

    assert outcomes == [False]
    assert FeedBuild.objects.get().failures == 0


def test_a_task_that_comes_twice_builds_once() -> None:
    build_feed.run()
    built_at = FeedBuild.objects.get().built_at

    build_feed.run()

    assert FeedBuild.objects.get().built_at == built_at


def test_a_build_by_a_clock_ahead_does_not_stop_others() -> None:
    now = timezone.now()
    build(now=now + timedelta(hours=1))

    assert feed_build(now=now)
    assert {row.updated_at for row in FeedFile.objects.all()} == {now}


def test_a_file_that_changes_changes_as_a_whole() -> None:
    for _ in range(2):
        make_station()
        build()
    row = FeedFile.objects.get(name="3/station_information.json")

    build(now=row.updated_at + timedelta(seconds=1))

    # Its length is what callers without gzip are told. By its digest the third build knows that it says the same.
    assert row.size == len(gzip.decompress(row.body))
    assert FeedFile.objects.get(pk=row.pk).updated_at == row.updated_at


def test_a_process_reads_only_the_files_that_it_does_not_have() -> None:
    build()
    before = files_read(None)
    FeedFile.objects.update(body=b"")

    assert before
    assert files_read(before) == before


def test_an_unchanged_file_keeps_its_etag_for_a_while() -> None:
    now = timezone.now()
    make_station()
    build(now=now)
    tags = dict(FeedFile.objects.values_list("name", "etag"))

    build(now=now + timedelta(seconds=5))

    changed = {name for name, tag in FeedFile.objects.values_list("name", "etag") if tags[name] != tag}
    assert changed == {f"{name}.json" for name in (
        "3/vehicle_status", "3/station_status", "2/free_bike_status", "2/station_status"
    )}  # fmt: skip


def test_no_file_is_older_than_its_ttl() -> None:
    now = timezone.now()
    make_station()
    for seconds in range(0, 120, 5):
        build(now=now + timedelta(seconds=seconds))
        ages = [now + timedelta(seconds=seconds + 5) - row.updated_at for row in FeedFile.objects.all()]
        assert max(ages) <= timedelta(seconds=60)
        status = FeedFile.objects.get(name="3/station_status.json")
        assert now + timedelta(seconds=seconds + 5) - status.updated_at <= timedelta(seconds=10)


def test_a_change_is_in_the_next_build() -> None:
    build()

    make_station(name="New")
    build()

    assert [each["name"] for each in stations("2/station_information")] == ["New"]


def test_a_file_that_is_no_longer_built_is_removed() -> None:
    build()
    FeedFile.objects.filter(name="3/gbfs.json").update(name="3/former.json")

    build()

    assert not FeedFile.objects.filter(name="3/former.json").exists()


def test_a_failed_build_leaves_the_last_files_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    make_station()
    build()
    before = {row.name: row.etag for row in FeedFile.objects.all()}
    make_station()

    def fail(**_values: Any) -> None:
        raise DataError("a row that fits no document")

    monkeypatch.setattr(building, "zone_rows", fail)
    for _ in range(2):
        with pytest.raises(DataError):
            build_later()

    assert {row.name: row.etag for row in FeedFile.objects.all()} == before
    assert feed_metrics(now=timezone.now())["bikerental_feed_failures"] == 2
    monkeypatch.undo()
    build_later()
    assert feed_metrics(now=timezone.now())["bikerental_feed_failures"] == 0


def build_later() -> None:
    feed_build(now=timezone.now() + timedelta(minutes=1))


def test_a_first_build_that_fails_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "zone_rows", lambda **_values: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        feed_build(now=timezone.now())

    assert feed_metrics(now=timezone.now()) == {"bikerental_feed_failures": 1.0, "bikerental_feed_build_seconds": 0.0}


def test_the_database_keeps_one_last_build() -> None:
    with pytest.raises(IntegrityError, match="feed_build_is_one_row"):
        FeedBuild.objects.create(pk=2)


def test_metrics_have_age_size_and_duration_of_a_build() -> None:
    assert feed_metrics(now=NOON) == {}
    build(now=NOON)

    figures = feed_metrics(now=NOON + timedelta(seconds=90))

    assert figures["bikerental_feed_age_seconds"] == 90
    assert figures["bikerental_feed_bytes"] == sum(FeedFile.objects.values_list("size", flat=True))
    assert 0 < figures["bikerental_feed_build_seconds"] < 60


@pytest.mark.parametrize("bikes", [1, 20])
def test_a_build_takes_the_same_statements_for_any_rows(bikes: int) -> None:
    for _ in range(bikes):
        make_bike(station=make_station())
    build()
    FeedBuild.objects.update(built_at=None)

    with CaptureQueriesContext(connection) as captured:
        feed_build(now=timezone.now())

    written = [each for each in captured if "INSERT INTO feeds_feedfile" in each["sql"]]
    assert (len(captured) - len(written), len(written)) == (21, 4)


@pytest.mark.parametrize(
    ("forwarded", "is_answered"),
    [("", False), ("http", False), ("https", True), ("https, http", True), ("http, https", False)],
)
def test_plain_http_is_left_to_django_where_https_is_required(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, forwarded: str, is_answered: bool
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    build()
    monkeypatch.setattr("bikerental.feeds.wsgi.feed_cache.current", lambda: files_read(None))
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/gbfs/3/gbfs.json", "HTTP_HOST": "localhost"}

    body = FeedApplication(lambda environ, start: [b"django"])(
        asked | {"HTTP_X_FORWARDED_PROTO": forwarded, "wsgi.url_scheme": "http"}, lambda status, headers: None
    )

    assert (list(body) != [b"django"]) == is_answered
