"""What the application's role and the backups' reader may do in the database, and what they may not."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from bikerental.core.db.roles import Role, roles_ensure
from bikerental.fleet.models import BikeEvent
from bikerental.observe.heartbeat import heartbeat_record
from tests.factories import NOON, make_bike

pytestmark = pytest.mark.django_db

APPLICATION, READER = Role("roles_test_app", "a quiet % morning"), Role("roles_test_reader", "another")
REFUSED, APPEND_ONLY = "42501", "23000"
MORE_THAN_ROWS = [
    "DROP TABLE rentals_rental",
    "TRUNCATE rentals_rental CASCADE",
    "ALTER TABLE billing_posting DISABLE TRIGGER USER",
    "ALTER TABLE rentals_rental ADD COLUMN more int",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE INDEX mine ON rentals_rental (id)",
    "DROP FUNCTION billing_refuse_change CASCADE",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('core', 'mine', now())",
    "SET session_replication_role = 'replica'",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY users_user TO PROGRAM 'cat'",
    "CREATE ROLE mine",
]
WRITES = [
    "INSERT INTO users_user (email) VALUES ('a@b.example')",
    "UPDATE users_user SET name = ''",
    "DELETE FROM users_user",
    "DELETE FROM core_heartbeat",
]


@pytest.fixture(autouse=True)
def roles() -> None:
    """The whole of it is undone with the test's transaction."""
    roles_ensure(application=APPLICATION, reader=READER)


@contextmanager
def acting(role: Role) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role.name}")
        yield
        cursor.execute("RESET ROLE")


def refusal(role: Role, statement: str) -> str:
    """The SQLSTATE of the answer; empty if the role may."""
    code = ""
    with acting(role), suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except DatabaseError as error:
            code = str(error.__cause__.pgcode)  # type: ignore[union-attr]
            raise
    return code


def test_the_application_has_rows_and_nothing_else() -> None:
    assert [statement for statement in MORE_THAN_ROWS if refusal(APPLICATION, statement) != REFUSED] == []


def test_the_application_writes_every_table_but_the_migrations() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, has_table_privilege(%s, oid, 'SELECT'), has_table_privilege(%s, oid, 'INSERT')"
            " AND has_table_privilege(%s, oid, 'UPDATE') AND has_table_privilege(%s, oid, 'DELETE')"
            " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            [APPLICATION.name] * 4,
        )
        rights = {name: (reads, writes) for name, reads, writes in cursor.fetchall()}

    assert len(rights) > 40
    assert {name for name, right in rights.items() if right != (True, True)} == {"django_migrations"}
    assert rights["django_migrations"] == (True, False)


def test_tables_of_later_migrations_are_included() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id bigserial, name text)")

    assert refusal(APPLICATION, "INSERT INTO later (name) VALUES ('one')") == ""
    assert refusal(READER, "SELECT * FROM later") == ""
    assert refusal(READER, "SELECT last_value FROM later_id_seq") == ""
    assert refusal(READER, "INSERT INTO later (name) VALUES ('one')") == REFUSED


def test_the_application_cannot_change_append_only_rows() -> None:
    place = {"latitude": 0, "longitude": 0}
    BikeEvent.objects.create(
        bike=make_bike(), happened_at=NOON, event_types=["maintenance"], state="maintenance", actor="rider", **place
    )

    assert refusal(APPLICATION, "UPDATE fleet_bikeevent SET note = 'another'") == APPEND_ONLY


def test_the_reader_reads_and_nothing_else() -> None:
    assert [statement for statement in (*MORE_THAN_ROWS, *WRITES) if refusal(READER, statement) != REFUSED] == []


def test_the_reader_reads_everything_and_records_a_backup() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace"
            " AND NOT has_table_privilege(%s, oid, 'SELECT')",
            [READER.name],
        )
        unread = cursor.fetchall()
    with acting(READER):
        heartbeat_record(name="backup", now=NOON)
        heartbeat_record(name="backup", now=NOON)

    assert unread == []


def test_rights_that_a_role_has_too_much_are_taken_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {APPLICATION.name} CREATEDB CREATEROLE BYPASSRLS")
        cursor.execute(f"GRANT TRUNCATE ON rentals_rental TO {APPLICATION.name}")
        cursor.execute(f"GRANT INSERT ON django_migrations TO {APPLICATION.name}")

    roles_ensure(application=APPLICATION, reader=READER)

    assert refusal(APPLICATION, "CREATE ROLE mine") == REFUSED
    assert refusal(APPLICATION, "TRUNCATE rentals_rental CASCADE") == REFUSED
    assert refusal(APPLICATION, MORE_THAN_ROWS[9]) == REFUSED


def test_one_role_for_everything_is_left_alone(settings: Settings) -> None:
    output = StringIO()
    settings.DATABASE_ROLES = {"application": {"USER": "one", "PASSWORD": ""}}

    call_command("database_roles", stdout=output)

    assert output.getvalue().startswith("There is one role for everything")
