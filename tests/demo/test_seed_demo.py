from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from itertools import pairwise
from math import hypot
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import Lead
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from bikerental.billing.constants import EntryKind
from bikerental.billing.models import Entry, Posting
from bikerental.claims.models import Claim
from bikerental.core.geometry import Position
from bikerental.demo.claims import CASES
from bikerental.demo.constants import DEMO_ADMIN_EMAIL, DEMO_PASSWORD, DEMO_RIDER_EMAIL
from bikerental.demo.copying import RowStream
from bikerental.feeds.constants import AlertType
from bikerental.feeds.models import Alert, RegionStation, System
from bikerental.feeds.selectors.system import alert_rows
from bikerental.fleet.api.serializers import BikeModelOutput, BikeOutput, StationReferenceOutput, TariffOutput
from bikerental.fleet.constants import TRANSITIONS
from bikerental.fleet.models import Bike, BikeEvent, BikeModel, Station
from bikerental.fleet.selectors import bikes_off_log
from bikerental.fleet.services import bike_log_repair
from bikerental.fleet.types import TariffTerms
from bikerental.http.schema import SchemaGenerator
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.rentals.pricing import cost_at
from bikerental.rentals.reconciliation import Window as ReconcileWindow
from bikerental.rentals.reconciliation import reconcile
from bikerental.users.models import User
from bikerental.zones.selectors import zones_cached
from config.swagger import API_INFO
from tests.factories import make_bike, make_rental, make_user

pytestmark = pytest.mark.django_db

# In the afternoon, so that rounds of rides lie across midnight.
END = datetime(2026, 3, 5, 15, 30, 1, tzinfo=UTC)
TABLES = (
    "users_user",
    "fleet_bike",
    "fleet_station",
    "fleet_tariff",
    "rentals_rental",
    "rentals_rentalevent",
    "claims_claim",
    "billing_account",
    "billing_entry",
    "billing_posting",
)


def seed(**options: Any) -> str:
    output = StringIO()
    sizes = {"bikes": 40, "stations": 9, "users": 12, "rentals": 300}
    call_command("seed_demo", stdout=output, until=END, **sizes | options)
    return output.getvalue()


def fingerprint() -> str:
    digest = sha256()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY t.id")
            digest.update(repr(cursor.fetchall()).encode())
    return digest.hexdigest()


def definitions() -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1"""
        )
        rows: list[tuple[str, ...]] = cursor.fetchall()
        return rows


def test_the_city_has_the_asked_sizes() -> None:
    seed()

    counts = [model.objects.count() for model in (Bike, Station, User, Rental, RentalEvent, BikeModel)]
    assert counts == [40, 9, 17, 300, 897, 3]


def test_one_ride_and_one_of_everything_is_a_city() -> None:
    seed(bikes=1, stations=1, users=1, rentals=1)

    assert Rental.objects.values_list("rider__email", flat=True).get() == DEMO_RIDER_EMAIL


def test_a_city_without_rides() -> None:
    seed(rentals=0)

    assert (Bike.objects.count(), Rental.objects.count()) == (40, 0)


def test_the_same_arguments_make_the_same_rows() -> None:
    seed()
    first = fingerprint()
    Bike.objects.update(status="maintenance")
    make_rental(rider=User.objects.get(email=DEMO_RIDER_EMAIL))

    seed()

    assert fingerprint() == first


def test_indexes_and_constraints_are_afterwards_what_they_were() -> None:
    before = definitions()

    seed()

    assert definitions() == before


def test_the_past_ends_at_the_given_moment_and_nothing_is_later() -> None:
    seed()

    last = Rental.objects.order_by("started_at").last()
    assert last is not None
    assert END - timedelta(hours=2) <= last.started_at < END
    later = {
        "rides": Rental.objects.filter(settled_at__gt=END),
        "entries": Entry.objects.filter(created_at__gt=END),
        "claims": Claim.objects.filter(Q(created_at__gt=END) | Q(decided_at__gt=END)),
        "log": BikeEvent.objects.filter(happened_at__gt=END).exclude(state="reserved"),
        "holds": Reservation.objects.filter(created_at__gt=END).exclude(status="active"),
        "messages": Notification.objects.filter(sent_at__gt=END),
    }
    assert {name: rows.count() for name, rows in later.items()} == dict.fromkeys(later, 0)


def test_without_a_moment_the_past_ends_now() -> None:
    before = timezone.now()

    call_command("seed_demo", bikes=40, stations=9, users=12, rentals=300, stdout=StringIO())

    assert Rental.objects.filter(started_at__gte=before - timedelta(hours=2), settled_at__lte=timezone.now()).exists()


def test_settled_costs_are_those_of_the_price_function() -> None:
    seed()

    for rental in Rental.objects.filter(is_cancelled=False):
        cost = cost_at(rental, rental.settled_at)
        assert rental.status == "settled"
        assert rental.cost_amount == cost.amount
        assert rental.cost_lines == [line.as_json() for line in cost.lines]


def test_the_terms_are_those_of_the_bikes_tariff() -> None:
    seed()

    for rental in Rental.objects.select_related("tariff", "bike"):
        assert rental.tariff_id == rental.bike.tariff_id
        tariff = [getattr(rental.tariff, name) for name in TariffTerms._fields]
        assert [rental.tariff_name] + [getattr(rental, name) for name in TariffTerms._fields[1:]] == tariff


def test_each_bike_has_a_log_that_ends_with_its_state() -> None:
    seed()

    assert not bikes_off_log().exists()
    assert not bike_log_repair(now=timezone.now())


def test_the_log_has_each_bikes_last_ride() -> None:
    seed()

    for bike in Bike.objects.filter(rentals__isnull=False).distinct():
        ride = bike.rentals.latest("started_at")
        logged = BikeEvent.objects.filter(bike=bike, rental_id=ride.pk).order_by("id")
        assert list(logged.values_list("happened_at", "state", "station_id")) == [
            (ride.started_at, "rented", ride.start_station_id),
            (ride.ended_at, "available", ride.end_station_id),
        ]


def test_each_row_of_the_log_follows_from_the_row_before() -> None:
    seed()

    allowed = {(origin, row.event_types, row.state) for row in TRANSITIONS for origin in row.origins}
    for bike in Bike.objects.all():
        events = list(BikeEvent.objects.filter(bike=bike).order_by("id"))
        for before, after in pairwise(events):
            assert (before.state, tuple(after.event_types), after.state) in allowed
            assert before.happened_at <= after.happened_at


def test_there_are_reservations_of_each_status() -> None:
    seed()

    statuses = Counter(Reservation.objects.values_list("status", "counts"))
    assert statuses == {
        ("active", True): 2, ("used", True): 4, ("cancelled", True): 4, ("cancelled", False): 4, ("expired", True): 4
    }  # fmt: skip


def test_no_rider_has_a_reservation_while_riding_or_another_one() -> None:
    seed()

    for hold in Reservation.objects.all():
        ended_at = hold.ended_at or hold.expires_at
        others = Reservation.objects.filter(rider=hold.rider_id, created_at__lt=ended_at).exclude(pk=hold.pk)
        rides = Rental.objects.filter(rider=hold.rider_id, started_at__lt=ended_at, ended_at__gt=hold.created_at)
        assert not others.exclude(ended_at__lte=hold.created_at).exists()
        assert not rides.exists()


def test_riders_who_lost_a_reservation_were_told() -> None:
    seed()

    lost = Reservation.objects.filter(status="cancelled", counts=False).values_list("pk", "rider")
    told = Notification.objects.filter(kind="reservation_taken_away", state="sent").values_list(
        "subject_id", "recipient"
    )
    assert sorted(told) == sorted(lost)
    assert told


def test_reconciling_the_city_finds_nothing() -> None:
    seed(users=50, bikes=100)

    assert [found for found in reconcile(ReconcileWindow(now=timezone.now())) if found.rows] == []


def test_a_cancelled_ride_is_free_and_the_bike_is_where_it_was() -> None:
    seed()

    cancelled = Rental.objects.filter(is_cancelled=True)
    assert cancelled.count() == 3
    for ride in cancelled:
        assert ride.cost_amount == 0
        assert ride.cost_lines == []
        assert ride.end_station_id == ride.start_station_id
        assert ride.ended_at is not None
        assert ride.settled_at == ride.ended_at <= ride.started_at + timedelta(minutes=2)
    assert not Entry.objects.filter(rental_id__in=cancelled.values("pk")).exists()


def test_the_books_are_sound_and_have_every_kind_of_entry() -> None:
    seed(users=300, bikes=300, rentals=3000)

    findings = reconcile(ReconcileWindow(now=timezone.now()))
    assert [found for found in findings if found.rows and found.check != "receipts_missing"] == []
    assert set(Entry.objects.values_list("kind", flat=True)) == set(EntryKind.values)
    owed = Posting.objects.filter(account__kind="rider").values("account").annotate(sum=Sum("amount"))
    assert owed.filter(sum__gt=0).count() > 20
    assert owed.filter(sum=0).count() > 100


def test_the_books_hold_what_the_guards_ask() -> None:
    seed(users=300, bikes=300, rentals=3000)

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_entry DISABLE TRIGGER billing_entry_append_only")
        cursor.execute(
            "UPDATE billing_entry SET transaction_id = pg_current_xact_id()::text::bigint"
        )  # as if written now
        cursor.execute("SELECT billing_check_entry(id), billing_check_bounds(id) FROM billing_entry")
        assert len(cursor.fetchall()) == Entry.objects.count() > 2900


def test_the_ledger_is_guarded_again_afterwards() -> None:
    seed()

    with pytest.raises(IntegrityError, match="append-only"):
        Posting.objects.update(amount=1)


def test_each_ride_has_its_events_in_order() -> None:
    seed()

    for rental in Rental.objects.all():
        ends = ["returned", "settled"] if not rental.is_cancelled else ["cancelled"]
        times = [rental.ended_at, rental.settled_at]
        events = list(rental.events.order_by("id").values_list("kind", "happened_at", "actor_id"))
        assert events == [
            ("started", rental.started_at, rental.rider_id),
            *(
                (kind, when, None if kind == "settled" else rental.rider_id)
                for kind, when in zip(ends, times, strict=False)
            ),
        ]


@pytest.mark.parametrize("whose", ["rider", "bike"])
def test_no_two_rides_overlap(whose: str) -> None:
    seed()

    following = Window(Lead("started_at"), partition_by=F(whose), order_by="started_at")
    rides = Rental.objects.annotate(next_starts=following).values_list("ended_at", "next_starts")
    assert [ride for ride in rides if ride[1] is not None and ride[1] <= ride[0]] == []


def test_each_bike_starts_where_it_was_left_and_stands_there() -> None:
    seed()

    for bike in Bike.objects.filter(rentals__isnull=False).distinct():
        stops = list(bike.rentals.order_by("started_at").values_list("start_station_id", "end_station_id"))
        assert [end for _, end in stops[:-1]] == [start for start, _ in stops[1:]]
        assert bike.station_id == stops[-1][1]


def test_the_bike_of_the_examples_is_the_nearest_one() -> None:
    seed()

    places = Bike.objects.values_list("number", "latitude", "longitude")
    away = {number: hypot(latitude - 59.93, (longitude - 30.31) / 2) for number, latitude, longitude in places}
    nearest, second = sorted(away, key=lambda number: away[number])[:2]
    assert nearest == "D-000003"
    assert away[nearest] < away[second]
    assert not Rental.objects.filter(bike__number=nearest).exists()


def test_no_bike_is_rented_and_stations_have_docks_for_theirs() -> None:
    seed()

    assert set(Bike.objects.values_list("status", flat=True)) == {"available", "reserved"}
    assert not Station.objects.alias(standing=Count("bikes")).filter(standing__gt=F("capacity")).exists()
    assert not Bike.objects.filter(~Q(latitude=F("station__latitude")), station__isnull=False).exists()


def test_the_first_rider_has_a_thousand_of_ten_thousand_rides() -> None:
    seed(rentals=10_000, users=100)

    riders = User.objects.filter(is_staff=False)
    counts = dict(riders.annotate(rides=Count("rentals")).values_list("email", "rides"))
    assert counts.pop(DEMO_RIDER_EMAIL) == 1000
    assert set(counts.values()) == {90, 91}


def test_rider_and_operator_log_in_with_the_demo_password() -> None:
    seed()

    rider, operator = User.objects.get(email=DEMO_RIDER_EMAIL), User.objects.get(email=DEMO_ADMIN_EMAIL)
    assert rider.check_password(DEMO_PASSWORD)
    assert operator.check_password(DEMO_PASSWORD)
    assert (rider.is_staff, operator.is_staff, operator.is_superuser) == (False, True, True)


def test_a_demo_log_in_keeps_the_hash() -> None:
    """Django replaces a hash with a short salt at the next log-in, and so hashes twice."""
    seed()
    rider = User.objects.get(email=DEMO_RIDER_EMAIL)
    encoded = rider.password

    assert rider.check_password(DEMO_PASSWORD)
    assert User.objects.get(pk=rider.pk).password == encoded


def test_if_empty_leaves_any_data_alone() -> None:
    make_bike()

    output = seed(if_empty=True)

    assert output == "There is data already.\n"
    assert (Bike.objects.count(), User.objects.count()) == (1, 0)


def test_if_empty_fills_an_empty_database() -> None:
    seed(if_empty=True)

    assert Bike.objects.count() == 40


def test_strangers_are_not_removed() -> None:
    seed()
    make_user(email="someone@example.org")

    with pytest.raises(CommandError, match=r"1 accounts outside @demo\.example"):
        seed()

    assert User.objects.filter(email="someone@example.org").exists()
    assert Rental.objects.count() == 300


def test_a_fleet_without_any_demo_rider_is_not_removed() -> None:
    make_bike()

    with pytest.raises(CommandError, match="a fleet that is not the demo's"):
        seed()

    assert Bike.objects.count() == 1


def test_force_removes_strangers_with_what_hangs_on_them() -> None:
    rider = make_user(email="someone@example.org")
    rental = make_rental(rider=rider)
    Notification.objects.create(kind="receipt", recipient=rider, subject_id=rental.pk, key="receipt", language="en")

    connection.check_constraints()  # as the commit would

    seed(force=True)

    assert not User.objects.filter(email="someone@example.org").exists()
    assert (Rental.objects.count(), Notification.objects.filter(recipient=rider.pk).count()) == (300, 0)


def test_too_many_rides_for_one_rider_change_nothing() -> None:
    seed()
    before = fingerprint()

    with pytest.raises(CommandError, match="more than 20 years"):
        seed(users=1, rentals=100_000)

    assert fingerprint() == before


@pytest.mark.parametrize(
    ("option", "value"), [("bikes", "0"), ("users", "-1"), ("rentals", "many"), ("until", "2026-01-01T00:00:00")]
)
def test_sizes_that_mean_nothing_are_refused(option: str, value: str) -> None:
    with pytest.raises(CommandError, match=f"--{option}"):
        call_command("seed_demo", f"--{option}={value}")


def test_the_stream_holds_no_more_rows_than_a_read_asks_for() -> None:
    taken: list[int] = []
    stream = RowStream((f"{number:09}\n" for number in range(1_000_000)), taken.append)

    first = stream.read(100_000)

    assert (len(first), first[:10]) == (100_000, "000000000\n")
    assert sum(taken) == 10_000


def test_production_gets_no_operator_with_a_published_password(settings: Settings) -> None:
    settings.ENVIRONMENT = "production"

    with pytest.raises(CommandError, match="this is production"):
        seed()

    assert not User.objects.exists()


def test_production_can_be_rehearsed(settings: Settings) -> None:
    settings.ENVIRONMENT = "production"

    seed(in_production=True)

    assert User.objects.filter(is_staff=True).count() == 5


def test_each_kind_of_zone_is_drawn_and_bikes_stand_in_the_area() -> None:
    seed()

    zones = zones_cached(now=timezone.now())
    assert sorted(zone.kind for zone in zones.zones) == ["no_return", "no_return", "service_area"]
    places = [*Bike.objects.values_list("latitude", "longitude"), *Station.objects.values_list("latitude", "longitude")]
    assert all(zones.decide(Position(*place), timezone.now()).is_in_service_area for place in places)


def test_the_places_of_the_api_examples_are_where_they_say() -> None:
    seed()

    def reason(latitude: float, longitude: float) -> str | None:
        return zones_cached(now=timezone.now()).decide(Position(latitude, longitude), timezone.now()).reason

    assert [reason(59.94, 30.32), reason(59.945, 30.333), reason(0, 0)] == [
        None,
        "no_return_zone",
        "outside_service_area",
    ]


def test_there_is_a_claim_of_each_kind_and_status() -> None:
    seed()

    claims = Claim.objects.values_list("kind", "status")
    assert sorted(claims) == sorted(CASES)
    booked = set(Entry.objects.filter(claim_id__isnull=False).values_list("claim_id", flat=True))
    assert booked == set(Claim.objects.filter(status="accepted").values_list("pk", flat=True))


def test_the_feeds_have_a_name_regions_and_alerts_of_each_kind() -> None:
    seed()

    System.objects.get().full_clean()
    assert RegionStation.objects.count() == Station.objects.count()
    assert set(RegionStation.objects.values_list("region__name__en", flat=True)) == {"North bank", "South bank"}
    assert set(Alert.objects.values_list("type", flat=True)) == set(AlertType.values)
    shown = alert_rows(("en", "ru"), now=timezone.now())
    assert [alert.type for alert in shown] == ["station_move", "station_closure", "other"]
    assert all(alert.station_ids or alert.region_ids for alert in shown)


def test_there_is_an_operator_of_each_role() -> None:
    seed()

    operators = User.objects.filter(is_staff=True, is_superuser=False)
    assert set(operators.values_list("email", "groups__name")) == {
        (f"{role}@demo.example", role) for role in ("viewer", "technician", "support", "manager")
    }


def test_the_examples_of_the_document_are_rows_of_the_city() -> None:
    call_command("seed_demo", stdout=StringIO())  # as `make run` does
    document = SchemaGenerator(API_INFO, url="https://bikes.example").get_schema(public=True)
    example: dict[str, Any] = {
        f"{method.upper()} {path}": next(
            (each["schema"]["example"] for each in operation["parameters"] if "example" in each.get("schema", {})), {}
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }
    rider = APIClient()
    token = rider.post("/api/v1/auth/token/", example["POST /auth/token/"])
    assert token.status_code == 200
    rider.credentials(HTTP_AUTHORIZATION=f"Bearer {token.json()['access']}")

    for path, methods in document["paths"].items():
        prefilled = {each["name"]: each["x-example"] for each in methods["parameters"] if "x-example" in each}
        if prefilled and "get" in methods:
            found = rider.get(f"/api/v1{path.format_map(prefilled)}", {"minutes": 19})
            assert found.status_code == 200, path
    ride = rider.post("/api/v1/rentals/", example["POST /rentals/"])
    assert ride.status_code == 201
    way = f"/api/v1/rentals/{ride.json()['id']}/return/"
    assert rider.post(way, example["POST /rentals/{rental_id}/return/"]).status_code == 200


def test_the_documents_bike_is_described_as_it_is() -> None:
    call_command("seed_demo", stdout=StringIO())  # as `make run` does
    example: dict[str, Any] = BikeOutput.Meta.example | {
        "model": BikeModelOutput.Meta.example,
        "station": StationReferenceOutput.Meta.example,
        "tariff": TariffOutput.Meta.example,
    }

    row = Bike.objects.select_related("model", "tariff").get(pk=example["id"])

    assert (row.number, row.status) == (example["number"], example["status"])
    assert (str(row.model.pk), row.model.name) == (example["model"]["id"], example["model"]["name"])
    # Where it stands depends on the moment at which the city is made.
    assert Station.objects.filter(pk=example["station"]["id"], name=example["station"]["name"]).exists()
    assert (row.tariff.name, str(row.tariff.per_minute)) == (
        example["tariff"]["name"], example["tariff"]["per_minute"],
    )  # fmt: skip
