"""A real streaming replica: which reads use it, which never do, and what happens without it."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from bikerental.core.db import replica as module
from bikerental.core.db.replica import REPLICA, from_replica
from bikerental.fleet.models import Bike
from bikerental.users.models import RecentChange
from bikerental.users.services import user_erase
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_returned_rental, make_station, make_user
from tests.live import web_server
from tests.replica import Replica, flush, missing, streaming_replica
from tests.support.waiting import eventually

LISTS = (
    "/api/v1/bikes/",
    "/api/v1/bikes/?lat=59.93&lon=30.31&radius=500",
    "/api/v1/bikes/?bbox=30,59,31,60",
)
LONG = 600  # seconds that the replica may be behind, in tests that hold it back


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Replica]:
    if reason := missing():
        pytest.skip(reason)
    with django_db_blocker.unblock(), streaming_replica() as replica:
        yield replica


@pytest.fixture
def replica(
    transactional_db: None, server: Replica, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Replica]:
    """Use the replica in this process, as with DATABASE_REPLICA_URL."""
    settings.DATABASE_REPLICA_LAG_SECONDS = LONG
    monkeypatch.setattr(module, "PRIMARY_ONLY_SECONDS", 0.5)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.1)
    place = {"HOST": "127.0.0.1", "PORT": server.port}
    connections.databases[REPLICA] = connection.settings_dict | place
    # Django blocks all databases in a test that it did not create.
    monkeypatch.setattr(connections[REPLICA], "ensure_connection", partial(ensure_connection, connections[REPLICA]))
    module.freshness.reset()
    server.catch_up()
    assert eventually(module.freshness.is_fresh, 60)
    yield server
    with suppress(psycopg2.Error):
        connections[REPLICA].close()
    del connections[REPLICA]
    del connections.databases[REPLICA]


def ensure_connection(database: BaseDatabaseWrapper) -> None:
    if database.connection is None:
        with database.wrap_database_errors:
            database.connect()


def numbers(client: RiderClient, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return [bike["number"] for bike in answer.json()["results"]]


def history(client: RiderClient) -> list[str]:
    return [ride["status"] for ride in client.get("/api/v1/rentals/").json()["results"]]


def test_lists_may_be_old_but_not_the_riders_own_history(replica: Replica) -> None:
    rider, other = RiderClient(make_user()), RiderClient(make_user())
    bike = make_bike(station=make_station())

    with replica.paused():
        ride = rider.post("/api/v1/rentals/", {"bike_number": bike.number}).json()
        make_returned_rental(rider=other.rider)  # not by the rider, so it is not noted as the rider's change

        assert [numbers(rider, path) for path in LISTS] == [[bike.number]] * len(LISTS)
        assert rider.get("/api/v1/stations/").json()["results"][0]["bikes_available"] == 1
        assert history(other) == []
        assert history(rider) == ["active"]
        assert rider.get("/api/v1/rentals/current/").json()["id"] == ride["id"]
        assert rider.get(f"/api/v1/bikes/{bike.pk}/").json()["status"] == "rented"

        rider.post(f"/api/v1/rentals/{ride['id']}/return/")

        assert history(rider) == ["returned"]
        assert rider.get(f"/api/v1/rentals/{ride['id']}/").json()["status"] == "returned"


def test_a_change_of_long_ago_is_known_to_the_replica(replica: Replica, settings: Settings) -> None:
    rider, bike = RiderClient(make_user()), make_bike()
    rider.post("/api/v1/rentals/", {"bike_number": bike.number})
    # By PostgreSQL's clock, as for the change itself.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users_recentchange SET changed_at = now() - %s * interval '1 second'", [LONG + 31])
    replica.catch_up()

    with CaptureQueriesContext(connection) as primary:
        assert history(rider) == ["active"]

    assert len(primary) == 1


@pytest.mark.parametrize("path", ["/api/v1/bikes/", "/api/v1/stations/", "/api/v1/rentals/"])
def test_a_list_takes_as_many_statements_as_without(replica: Replica, path: str) -> None:
    client = RiderClient(make_user())
    replica.catch_up()
    client.get(path)

    with CaptureQueriesContext(connection) as primary, CaptureQueriesContext(connections[REPLICA]) as secondary:
        client.get(path)

    assert (len(primary), len(secondary)) == (1, 1)


def test_a_ride_takes_as_many_statements_as_without(replica: Replica) -> None:
    client, bike = RiderClient(make_user()), make_bike()

    with CaptureQueriesContext(connection) as renting:
        ride = client.post("/api/v1/rentals/", {"bike_number": bike.number}).json()
    with CaptureQueriesContext(connection) as returning:
        client.post(f"/api/v1/rentals/{ride['id']}/return/")

    assert (len(renting), len(returning)) == (
        1 + 5,
        1 + 4,
    )  # the session's, and those in docs/architecture
    assert RecentChange.objects.filter(user=client.rider).count() == 1


def test_within_a_transaction_the_primary_answers(replica: Replica) -> None:
    with replica.paused():
        make_bike()
        with transaction.atomic():
            assert from_replica(lambda using: Bike.objects.using(using).count()) == 1
        assert from_replica(lambda using: Bike.objects.using(using).count()) == 0


def test_a_replica_that_is_behind_is_not_asked(replica: Replica, settings: Settings) -> None:
    client = RiderClient(make_user())
    settings.DATABASE_REPLICA_LAG_SECONDS = 1
    with replica.paused():
        bike = make_bike()

        assert eventually(lambda: numbers(client, LISTS[0]) == [bike.number], 60)

    replica.catch_up()
    with replica.paused():
        settings.DATABASE_REPLICA_LAG_SECONDS = LONG
        assert eventually(module.freshness.is_fresh, 60)
        make_bike()
        assert numbers(client, LISTS[0]) == [bike.number]


def test_a_replica_of_unknown_age_is_not_read(replica: Replica) -> None:
    client = RiderClient(make_user())
    with replica.paused():
        bike = make_bike()
        flush()
        module.freshness.reset()  # as in a process that has just started

        assert numbers(client, LISTS[0]) == [bike.number]


def test_an_unreachable_replica_is_tried_again_later(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = RiderClient(make_user())
    replica.catch_up()
    assert numbers(client, LISTS[0]) == []
    monkeypatch.setattr(module, "PRIMARY_ONLY_SECONDS", 3600)
    replica.stop()
    try:
        bike = make_bike()

        assert [numbers(client, path) for path in LISTS] == [[bike.number]] * len(LISTS)
        assert client.get("/api/v1/stations/").status_code == 200
    finally:
        replica.start()

    assert [record.getMessage().partition(",")[0] for record in caplog.records] == ["The replica cannot be read"]
    replica.catch_up()
    module.freshness._poll_at = 0.0  # the waiting time is over
    assert eventually(module.freshness.is_fresh, 60)
    with replica.paused():
        make_bike()
        assert numbers(client, LISTS[0]) == [bike.number]


@pytest.mark.parametrize("poll_seconds", [0.0, 3600.0], ids=["at a poll", "at a read"])
def test_a_hanging_replica_is_given_up(replica: Replica, monkeypatch: pytest.MonkeyPatch, poll_seconds: float) -> None:
    client = RiderClient(make_user())
    replica.catch_up()
    assert numbers(client, LISTS[0]) == []
    monkeypatch.setattr(module, "ANSWER_SECONDS", 1.0)
    module.freshness._poll_at += poll_seconds
    with replica.standing_still():
        bike = make_bike()

        assert numbers(client, LISTS[0]) == [bike.number]


def test_a_read_that_the_replica_refuses_goes_to_the_primary(replica: Replica) -> None:
    asked = []

    def ask(using: str) -> int:
        asked.append(using)
        with connections[using].cursor() as cursor:
            # A write, which the replica always refuses.
            cursor.execute("CREATE TABLE only_on_the_primary ()")
            cursor.execute("DROP TABLE only_on_the_primary")
        return 1

    assert from_replica(ask) == 1
    assert asked == [REPLICA, "default"]


def test_without_a_replica_no_change_is_recorded(rider_client: RiderClient) -> None:
    ride = rider_client.post("/api/v1/rentals/", {"bike_number": make_bike().number}).json()
    rider_client.post(f"/api/v1/rentals/{ride['id']}/return/")

    assert not RecentChange.objects.exists()


def test_an_erased_account_is_not_tied_to_its_last_ride(db: None) -> None:
    user = make_user()
    RecentChange.objects.create(user=user, changed_at=NOON)

    user_erase(user=user, now=NOON)

    assert not RecentChange.objects.exists()


@pytest.mark.slow
def test_the_setting_is_all_it_takes(transactional_db: None, server: Replica, tmp_path: Path) -> None:
    rider, bike = RiderClient(make_user()), make_bike()
    headers = {"Authorization": f"Bearer {rider.tokens.access}"}
    server.catch_up()
    variables = {"DATABASE_REPLICA_URL": server.tests_url, "DATABASE_REPLICA_LAG_SECONDS": str(LONG)}
    with web_server(tmp_path / "web.log", processes=1, **variables) as address:

        def results(path: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = requests.get(f"{address}{path}", headers=headers, timeout=60).json()[
                "results"
            ]
            return found

        def is_used() -> bool:
            results("/api/v1/bikes/")
            sql = (
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bikerental' AND query LIKE 'EXECUTE%%'"
            )
            return bool(server.query(sql))

        assert eventually(is_used, 60)
        with server.paused():
            made = requests.post(
                f"{address}/api/v1/rentals/", json={"bike_number": bike.number}, headers=headers, timeout=60
            )

            assert made.status_code == 201
            assert [found["status"] for found in results("/api/v1/bikes/")] == ["available"]
            assert [ride["id"] for ride in results("/api/v1/rentals/")] == [made.json()["id"]]
