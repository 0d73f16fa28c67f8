"""Statements that are compiled once and prepared on each connection."""

from typing import NamedTuple
from uuid import UUID

import pytest
from django.core.exceptions import FieldError
from django.db import ProgrammingError, connection, transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import NullIf
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from bikerental.core.db import statements
from bikerental.core.db.columns import Columns, Shared, as_text
from bikerental.core.db.statements import Samples, Select, SqlStatement, Statement, select
from bikerental.core.db.transactions import StalePlanError, unit_of_work
from bikerental.fleet.models import Station
from bikerental.http.problems import is_database_unavailable
from bikerental.users.models import User
from tests.factories import make_station
from tests.retyping import retyped

pytestmark = pytest.mark.django_db


def named(v: Samples) -> tuple[str, tuple[object, ...]]:
    # A percent sign in a constant, and one that the ORM doubles for the driver.
    stations = Station.objects.filter(pk=v["station_id"], name__contains="7% hill").annotate(note=Value("100 %s"))
    return select(stations.values_list("name", "note"))


@pytest.fixture(params=[True, False], ids=["prepared", "sent whole"])
def prepares(request: pytest.FixtureRequest, settings: Settings) -> bool:
    settings.DATABASE_PREPARES = request.param
    return bool(request.param)


@pytest.mark.usefixtures("prepares")
def test_constants_are_inlined_and_values_are_parameters() -> None:
    statement = Statement(named, station_id=UUID)
    found, other = make_station(name="7% hill off"), make_station(name="Full price")

    assert statement.all(station_id=found.pk) == [("7% hill off", "100 %s")]
    assert statement.first(station_id=other.pk) is None


def test_each_run_is_one_statement_that_the_connection_knows(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    statement = Statement(named, station_id=UUID)
    station = make_station(name="7% hill")

    with django_assert_num_queries(2) as captured:
        statement.all(station_id=station.pk)
        statement.all(station_id=station.pk)

    assert all(query["sql"].startswith("EXECUTE s_") for query in captured.captured_queries)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans >= 2, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%hill%'"
        )
        assert cursor.fetchall() == [(True, 0)]


def test_behind_a_pooler_nothing_is_prepared(settings: Settings) -> None:
    settings.DATABASE_PREPARES = False
    statement = Statement(named, station_id=UUID)

    with CaptureQueriesContext(connection) as captured:
        statement.all(station_id=make_station(name="7% hill").pk)

    assert not any("EXECUTE" in query["sql"] for query in captured.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_is_told_anew() -> None:
    statement = Statement(named, station_id=UUID)
    station = make_station(name="7% hill")
    statement.all(station_id=station.pk)

    connection.close()

    assert statement.all(station_id=station.pk) == [("7% hill", "100 %s")]


@pytest.mark.django_db(transaction=True)
def test_a_statement_prepared_in_a_transaction_outlives_it() -> None:
    statement = Statement(named, station_id=UUID)
    station = make_station(name="7% hill")

    with transaction.atomic():
        statement.all(station_id=station.pk)
        transaction.set_rollback(True)

    assert statement.all(station_id=station.pk) == [("7% hill", "100 %s")]


RENAME = """
    WITH renamed AS (
        UPDATE fleet_station SET name = %(name)s || ' 7%%' WHERE id = %(old_id)s RETURNING 1
    ), added AS (
        INSERT INTO fleet_station (id, created_at, name, latitude, longitude, capacity)
        VALUES (%(new_id)s, now(), %(name)s, 1, 2, 3)
    )
    SELECT (SELECT count(*) FROM renamed)
"""


@pytest.mark.usefixtures("prepares")
def test_sql_that_is_written_down_takes_its_values_by_name() -> None:
    statement = SqlStatement(RENAME)
    old = make_station()

    assert statement.first(old_id=old.pk, new_id=UUID(int=7), name="A") == (1,)
    assert statement.first(old_id=UUID(int=9), new_id=UUID(int=8), name="B") == (0,)

    assert set(Station.objects.values_list("name", flat=True)) == {"A 7%", "A", "B"}


@pytest.mark.usefixtures("prepares")
@pytest.mark.parametrize("values", [{"name": "A"}, {"name": "A", "old_id": None, "new_id": None}], ids=["few", "many"])
def test_a_run_takes_every_value_and_no_other(values: dict[str, object]) -> None:
    statement = SqlStatement("UPDATE fleet_station SET name = %(name)s WHERE id = %(old_id)s")

    with pytest.raises(TypeError, match=r"takes \['name', 'old_id'\], not "):
        statement.run(**values)


def test_a_value_that_is_not_in_the_statement_is_a_mistake() -> None:
    statement = Statement(lambda v: select(User.objects.values_list("pk")), user_id=UUID)

    with pytest.raises(TypeError, match="takes no user_id"):
        statement.all(user_id=UUID(int=1))


class Place(NamedTuple):
    latitude: float
    longitude: float


class Spot(NamedTuple):
    id: str
    place: Place
    title: str
    opposite: Place
    bikes: int


PLACE = Columns(Place)
OPPOSITE = Columns(Place, latitude=-F("latitude"), longitude=F("longitude") + 180)
SPOT = Columns(Spot, id=as_text("pk"), place=PLACE, title="name", opposite=OPPOSITE, bikes=F("capacity"))


def test_a_row_is_read_with_the_rows_in_it() -> None:
    spots = Select(SPOT, lambda v: Station.objects.filter(pk=v["station_id"]).order_by("pk")[:1], station_id=UUID)
    station = make_station(name="Hill", latitude=1.5, longitude=2.5, capacity=9)

    spot = Spot(str(station.pk), Place(1.5, 2.5), "Hill", Place(-1.5, 182.5), 9)
    assert list(spots.rows(station_id=station.pk)) == [spot]
    assert spots.first(station_id=station.pk) == spot
    assert spots.first(station_id=UUID(int=1)) is None


def test_a_column_that_the_row_does_not_have_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="Spot has no name"):
        Columns(Spot, name="name", place=PLACE)


def test_a_field_that_is_no_column_is_a_mistake() -> None:
    spots = Select(
        Columns(Spot, place=PLACE, opposite=PLACE, bikes="capacity"), lambda v: Station.objects.filter(**v), id=UUID
    )

    with pytest.raises(FieldError, match="'title'"):
        spots.first(id=UUID(int=1))


class Sign(NamedTuple):
    name: str
    capacity: int | None
    note: str | None


class Signpost(NamedTuple):
    id: str
    sign: Sign
    latitude: float


def signposts(note: Value | NullIf) -> Select[Signpost]:
    columns = Columns(Signpost, id=as_text("pk"), sign=Shared(Sign, note="remark"))
    return Select(columns, lambda v: Station.objects.annotate(remark=note).filter(**v), latitude=float)


@pytest.mark.usefixtures("prepares")
@pytest.mark.parametrize(
    "name",
    ["Hill", "", " ", "a b", "null", '"', '""', "\\", '\\"', "a,b", "(a)", "a\nb", "7 %s", "Горка", "()", ',""\\'],
)
def test_a_shared_part_keeps_every_text(name: str) -> None:
    station = make_station(latitude=1.5, capacity=9)
    read = signposts(Value(name, CharField()))

    assert read.first(latitude=1.5) == Signpost(str(station.pk), Sign(station.name, 9, name), 1.5)


def test_a_shared_part_may_lack_values() -> None:
    make_station(name="Hill", latitude=1.5)
    absent = signposts(NullIf(Value("a"), Value("a"))).first(latitude=1.5)

    assert absent is not None
    assert absent.sign.note is None


class Crossing(NamedTuple):
    spot: Spot
    first: Signpost
    name: str


def test_rows_within_rows_have_parts_of_their_own() -> None:
    signpost = Columns(Signpost, id=as_text("pk"), sign=Shared(Sign, note="name"), latitude=F("longitude"))
    crossings = Select(
        Columns(Crossing, spot=SPOT, first=signpost),
        lambda v: Station.objects.filter(**v).order_by("name"),
        latitude=float,
    )
    dale, hill = (make_station(name=name, latitude=1.5, longitude=2.5, capacity=9) for name in ("Dale", "Hill"))

    assert list(crossings.rows(latitude=1.5)) == [
        Crossing(
            Spot(str(station.pk), Place(1.5, 2.5), station.name, Place(-1.5, 182.5), 9),
            Signpost(str(station.pk), Sign(station.name, 9, station.name), 2.5),
            station.name,
        )
        for station in (dale, hill)
    ]


def test_rows_with_equal_parts_share_one_object() -> None:
    for name in ("Hill", "Hill", "Dale"):
        make_station(name=name, latitude=1.5, capacity=9)

    signs = {id(post.sign): post.sign.name for post in signposts(Value("same")).rows(latitude=1.5)}

    assert sorted(signs.values()) == ["Dale", "Hill"]
    assert list(signposts(Value("same")).rows(latitude=2.5)) == []


def test_a_shared_part_has_only_texts_and_whole_numbers() -> None:
    with pytest.raises(TypeError, match="Place has fields that are neither text nor whole numbers"):
        Shared(Place)


NAME = ("fleet_station", "name")


def stale_statement() -> Statement:
    """A statement that this connection has prepared."""
    statement = Statement(named, station_id=UUID)
    statement.all(station_id=make_station(name="7% hill").pk)
    return statement


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [False, True], ids=["the same statement", "an equal one, made anew"])
def test_a_read_is_repeated_after_a_column_was_retyped(is_new: bool) -> None:
    statement = stale_statement()
    if is_new:
        statement = Statement(named, station_id=UUID)
    station = Station.objects.get()
    before = connection.connection

    with retyped(NAME):
        assert statement.all(station_id=station.pk) == [("7% hill", "100 %s")]
        assert connection.connection is not before


@pytest.mark.django_db(transaction=True)
def test_a_unit_of_work_begins_anew_as_a_whole() -> None:
    statement = stale_statement()
    station = Station.objects.get()
    begun = []

    @unit_of_work
    def rename() -> list[tuple[object, ...]]:
        begun.append("once")
        Station.objects.update(capacity=F("capacity") + 1)
        return statement.all(station_id=station.pk)

    with retyped(NAME):
        assert rename() == [("7% hill", "100 %s")]
        assert begun == ["once", "once"]
        assert Station.objects.get().capacity == station.capacity + 1


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_the_client_must_ask_again() -> None:
    statement = stale_statement()
    station = Station.objects.get()

    with retyped(NAME):
        with pytest.raises(StalePlanError) as refusal, transaction.atomic():
            statement.all(station_id=station.pk)
        assert is_database_unavailable(refusal.value)  # a 503
        assert statement.all(station_id=station.pk) == [("7% hill", "100 %s")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["forgotten", "taken", "of another type"])
def test_names_that_connection_and_server_do_not_agree_about(what: str) -> None:
    statement = stale_statement()
    station = Station.objects.get()
    if what == "taken":
        connection.prepared.clear()
    else:
        assert statement._compiled
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
            if what == "of another type":
                # A comparison that was planned for the old types.
                cursor.execute(f"PREPARE {statement._compiled.key} (box) AS SELECT $1")

    assert statement.all(station_id=station.pk) == [("7% hill", "100 %s")]


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_was_never_good_is_a_bug() -> None:
    statement = Statement(lambda v: ("SELECT 1 WHERE now() = %s::int", (v["number"],)), number=str)

    with pytest.raises(ProgrammingError):
        statement.all(number="1")


@pytest.mark.django_db(transaction=True)
def test_a_connection_keeps_the_statements_that_it_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "PREPARED_MAX", 2)
    connection.close()
    one, two, three = (SqlStatement(f"SELECT {number}") for number in (1, 2, 3))

    answers = [statement.first() for statement in (one, two, one, three, one, two)]

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        kept = [statement.rpartition(" AS ")[2] for (statement,) in cursor.fetchall()]
    assert (answers, kept) == ([(1,), (2,), (1,), (3,), (1,), (2,)], ["SELECT 1", "SELECT 2"])


@pytest.mark.django_db(transaction=True)
def test_room_is_made_where_the_server_forgot_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "PREPARED_MAX", 1)
    connection.close()
    assert SqlStatement("SELECT 1").first() == (1,)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert SqlStatement("SELECT 2").first() == (2,)
