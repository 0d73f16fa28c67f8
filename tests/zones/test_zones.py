"""Zones as riders read them, as operators draw them, and as processes cache them."""

import threading
from datetime import timedelta
from json import dumps
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.core.geometry import Position
from bikerental.zones import services
from bikerental.zones.models import Zone, ZoneVersion
from bikerental.zones.selectors import cached, zones_cached, zones_collection
from tests.clients import RiderClient
from tests.factories import NOON
from tests.http.pages import open_form
from tests.support.threads import meanwhile
from tests.zones.drawing import make_zone, polygon, square

pytestmark = pytest.mark.django_db
ZONES = "/api/v1/zones/"
ADD = "/admin/zones/zone/add/"
PARK = polygon(square(30.3, 59.9, 30.4, 60.0))


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "Park", "kind": "no_return", "is_active": "on", "shape": dumps(PARK)} | fields


def reason_at(latitude: float, longitude: float) -> str | None:
    return zones_cached(now=NOON).decide(Position(latitude, longitude), NOON).reason


def test_riders_read_the_zones_as_geojson(rider_client: RiderClient) -> None:
    until = timezone.now() + timedelta(days=1)
    centre = make_zone(valid_until=until)
    park = make_zone(PARK, name="A park", kind="no_return")

    answer = rider_client.get(ZONES)

    assert answer.json() == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": str(park.pk),
                "properties": {"name": "A park", "kind": "no_return", "valid_from": None, "valid_until": None},
                "geometry": PARK,
            },
            {
                "type": "Feature",
                "id": str(centre.pk),
                "properties": {
                    "name": "Centre",
                    "kind": "service_area",
                    "valid_from": None,
                    "valid_until": until.isoformat().replace("+00:00", "Z"),
                },
                "geometry": centre.shape,
            },
        ],
    }
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "private, no-cache"


def test_no_zone_is_an_empty_collection(rider_client: RiderClient) -> None:
    assert rider_client.get(ZONES).json() == {"type": "FeatureCollection", "features": []}


def test_only_zones_in_force_are_listed(rider_client: RiderClient) -> None:
    now = timezone.now()
    make_zone(name="switched off", is_active=False)
    make_zone(name="over", valid_until=now)
    make_zone(name="to come", valid_from=now + timedelta(hours=1))
    make_zone(name="in force", valid_from=now, valid_until=now + timedelta(hours=1))

    names = [zone["properties"]["name"] for zone in rider_client.get(ZONES).json()["features"]]

    assert names == ["in force"]


def test_an_unchanged_list_is_not_sent_again(rider_client: RiderClient) -> None:
    make_zone()
    etag = rider_client.get(ZONES)["ETag"]

    again = rider_client.get(ZONES, HTTP_IF_NONE_MATCH=f'"other", {etag}')

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == "private, no-cache"
    assert "Content-Length" not in again


@pytest.mark.parametrize("change", ["drawn", "edited", "deleted"])
def test_each_change_gives_a_new_etag(rider_client: RiderClient, change: str) -> None:
    zone = make_zone()
    etag = rider_client.get(ZONES)["ETag"]
    if change == "drawn":
        make_zone(PARK)
    elif change == "edited":
        Zone.objects.update(name="Renamed")
    else:
        zone.delete()

    answer = rider_client.get(ZONES, HTTP_IF_NONE_MATCH=etag)

    assert answer.status_code == 200
    assert answer["ETag"] != etag


def test_time_changes_the_list_without_a_change_of_zones() -> None:
    make_zone(valid_from=NOON, valid_until=NOON + timedelta(hours=1))

    sizes = [zones_collection(now=NOON + timedelta(minutes=m)).body.count(b'"Feature"') for m in (-1, 0, 59, 60, 30)]

    assert sizes == [0, 1, 1, 0, 1]


def test_the_list_takes_one_statement_beside_authentication(rider_client: RiderClient) -> None:
    make_zone()
    rider_client.get(ZONES)

    with CaptureQueriesContext(connection) as captured:
        rider_client.get(ZONES)

    assert len(captured) == 2


def test_nobody_without_an_account_reads_them(anonymous: APIClient) -> None:
    answer = anonymous.get(ZONES)

    assert answer.status_code == 401
    assert answer["Cache-Control"] == "no-store"


def test_a_zone_counts_between_its_times() -> None:
    make_zone(PARK, kind="no_return", valid_from=NOON, valid_until=NOON + timedelta(hours=1))
    zones, place = zones_cached(now=NOON), Position(59.95, 30.35)

    times = [NOON - timedelta(seconds=1), NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]

    assert [zones.decide(place, time).reason is not None for time in times] == [False, True, True, False]


def test_a_place_in_one_of_two_service_areas_is_inside() -> None:
    make_zone(polygon(square(30, 59, 31, 60)))
    make_zone(polygon(square(37, 55, 38, 56)))

    assert [reason_at(59.5, 30.5), reason_at(55.5, 37.5)] == [None, None]
    assert reason_at(57, 34) == "outside_service_area"


def test_a_no_return_zone_forbids_with_and_without_an_area() -> None:
    make_zone(PARK, kind="no_return")
    assert [reason_at(59.95, 30.35), reason_at(59.8, 30.35)] == ["no_return_zone", None]

    make_zone()

    assert [reason_at(59.95, 30.35), reason_at(59.8, 30.35)] == ["no_return_zone", None]


def test_unchanged_zones_cost_one_statement() -> None:
    make_zone()
    kept = zones_cached(now=NOON)

    with CaptureQueriesContext(connection) as captured:
        assert zones_cached(now=NOON) is kept

    assert len(captured) == 1


def test_a_change_reads_the_shapes_of_changed_zones_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import shapely

    make_zone()
    before = zones_cached(now=NOON)
    parsed: list[str] = []
    parse = shapely.from_geojson

    def noted(texts: list[str]) -> Any:
        parsed.extend(texts)
        return parse(texts)

    monkeypatch.setattr(shapely, "from_geojson", noted)

    make_zone(PARK, kind="no_return")
    after = zones_cached(now=NOON)

    assert len(parsed) == 1
    assert after.zones[0].geometry is before.zones[0].geometry
    assert reason_at(59.95, 30.35) == "no_return_zone"


def test_a_zone_that_was_rolled_back_is_not_cached() -> None:
    make_zone()
    before = zones_cached(now=NOON).number
    with transaction.atomic():
        make_zone(PARK, kind="no_return")
        assert reason_at(59.95, 30.35) == "no_return_zone"
        transaction.set_rollback(True)

    assert (reason_at(59.95, 30.35), zones_cached(now=NOON).number) == (None, before)
    # A number that was rolled back is not used again for another change.
    make_zone(polygon(square(37, 55, 38, 56)), kind="no_return")
    assert reason_at(59.95, 30.35) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "other"},
        {"valid_from": NOON, "valid_until": NOON},
        {"shape": {"type": "Point", "coordinates": [30, 59]}},
        {"shape": {"coordinates": []}},
        {"shape": {"type": "Polygon"}},
        {"shape": []},
        {"shape": {"type": "Polygon", "coordinates": "x" * 262_144}},
        {"points": 3},
        {"points": 5001},
    ],
)
def test_the_database_refuses(fields: dict[str, Any]) -> None:
    make_zone()

    with pytest.raises(IntegrityError), transaction.atomic():
        Zone.objects.update(**fields)


def test_the_database_keeps_one_number_of_the_last_change() -> None:
    with pytest.raises(IntegrityError, match="zone_version_is_one_row"), transaction.atomic():
        ZoneVersion.objects.create(id=2, number=1)


def test_an_operator_draws_a_zone(operator: Client) -> None:
    assert operator.post(ADD, form()).status_code == 302

    zone = Zone.objects.get()
    assert (zone.name, zone.kind, zone.shape, zone.points) == ("Park", "no_return", PARK, 5)
    assert reason_at(59.95, 30.35) == "no_return_zone"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("shape", "no JSON", "This is not JSON."),
        ("shape", "[" * 100_000, "This is not JSON."),
        ("shape", "9" * 5_000, "This is not JSON."),
        ("shape", '{"type":"Polygon","coordinates":' + "[" * 990 + "]" * 990 + "}", "A point is [longitude, latitude]"),
        ("shape", dumps(polygon([[30, 59], [31, 60], [31, 59], [30, 60], [30, 59]])), "crosses or touches itself"),
        ("shape", dumps(polygon(square(30, 59, 200, 60))), "Longitude is from -180 to 180"),
        ("shape", "", "required"),
        ("valid_until_0", "1999-01-01", "valid from a time before"),
    ],
)
def test_the_form_says_why_a_zone_is_refused(operator: Client, field: str, value: str, said: str) -> None:
    times = {"valid_from_0": "2026-01-01", "valid_from_1": "00:00", "valid_until_0": "2027-01-01"}

    page = operator.post(ADD, form(**times | {"valid_until_1": "00:00", field: value}))

    assert page.status_code == 200
    assert said in page.content.decode()
    assert not Zone.objects.exists()


def test_a_change_of_the_shape_counts_at_once(operator: Client) -> None:
    zone = make_zone(PARK, kind="no_return")
    path = reverse("admin:zones_zone_change", args=[zone.pk])
    moved = polygon([[30.0, 59.0], [30.1, 59.0], [30.1, 59.1], [30.05, 59.2], [30.0, 59.1], [30.0, 59.0]])

    assert operator.post(path, open_form(operator, path) | {"shape": dumps(moved)}).status_code == 302

    zone.refresh_from_db()
    assert (zone.shape, zone.points) == (moved, 6)
    assert (reason_at(59.95, 30.35), reason_at(59.05, 30.05)) == (None, "no_return_zone")


def test_a_rename_leaves_the_shape_alone(operator: Client) -> None:
    zone = make_zone(polygon(square(179, 10, -179, 11)))
    path = reverse("admin:zones_zone_change", args=[zone.pk])

    assert operator.post(path, open_form(operator, path) | {"name": "Renamed"}).status_code == 302

    after = Zone.objects.get()
    assert (after.name, after.shape, after.points) == ("Renamed", zone.shape, zone.points)


def test_more_active_zones_than_a_process_can_keep_are_refused(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "ACTIVE_MAX", 1)
    make_zone(name="off", is_active=False)
    assert operator.post(ADD, form()).status_code == 302

    page = operator.post(ADD, form(name="One more"))

    assert (page.status_code, Zone.objects.filter(is_active=True).count()) == (200, 1)
    assert "End others first" in page.content.decode()
    assert operator.post(ADD, form(name="Not active", is_active="")).status_code == 302


def test_more_points_than_a_process_can_keep_are_refused(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ACTIVE_POINTS_MAX", 9)
    make_zone()

    assert operator.post(ADD, form()).status_code == 200
    assert Zone.objects.count() == 1


def test_the_page_of_all_zones_reads_no_shape(operator: Client) -> None:
    make_zone()

    with CaptureQueriesContext(connection) as captured:
        assert operator.get("/admin/zones/zone/").status_code == 200

    assert not any('"zones_zone"."shape"' in query["sql"] for query in captured)


def test_an_operator_deletes_a_zone(operator: Client) -> None:
    zone = make_zone(PARK, kind="no_return")
    assert reason_at(59.95, 30.35) == "no_return_zone"

    assert operator.post(reverse("admin:zones_zone_delete", args=[zone.pk]), {"post": "yes"}).status_code == 302

    assert reason_at(59.95, 30.35) is None


@pytest.mark.django_db(transaction=True)
def test_an_emptied_table_is_a_change_too() -> None:
    make_zone()
    before = zones_cached(now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE zones_zone, zones_zoneversion")

    after = zones_cached(now=NOON)

    assert after.zones == ()
    assert (after.number or 0) > (before.number or 0)


@pytest.mark.django_db(transaction=True)
def test_zones_get_numbers_in_the_order_of_their_commits() -> None:
    make_zone()
    first = zones_cached(now=NOON).number
    begun, may_commit = threading.Event(), threading.Event()

    def draw_slowly() -> None:
        with transaction.atomic():
            make_zone(PARK, kind="no_return")
            begun.set()
            may_commit.wait(10)

    def draw() -> None:
        make_zone(polygon(square(37, 55, 38, 56)))

    with meanwhile(draw_slowly):
        begun.wait(10)
        with meanwhile(draw):
            assert zones_cached(now=NOON).number == first  # neither has committed
            may_commit.set()

    assert len(zones_cached(now=NOON).zones) == 3
    revisions = list(Zone.objects.order_by("revision").values_list("kind", flat=True))
    assert revisions == ["service_area", "no_return", "service_area"]
    assert (
        zones_cached(now=NOON).number == Zone.objects.order_by("-revision").values_list("revision", flat=True).first()
    )


def test_a_process_that_never_saw_a_zone_has_none() -> None:
    assert cached.ZoneSet(None).decide(Position(0, 0), NOON) == (False, None)
