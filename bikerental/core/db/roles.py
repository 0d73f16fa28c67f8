"""The rights of the database's roles.

The owner of the schema migrates, the application's role reads and writes rows, and the reader makes backups.
"""

from typing import Any, NamedTuple

import psycopg2
from django.db import connection, transaction
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from bikerental.core.registry import declared

# Only the owner migrates.
APPLICATION_ONLY_READS = ("django_migrations",)
MORE_THAN_ROWS = ("superuser", "createdb", "createrole", "replication", "bypassrls")

_ROLE = """
    SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = %s
"""
_OWN = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relowner = CURRENT_USER::regrole AND relkind = ANY (%s)
"""
# Without this, every role could make tables, temporary ones too.
_PUBLIC = """
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC
"""
_FUTURE = """
    GRANT CONNECT ON DATABASE {database} TO {role};
    GRANT USAGE ON SCHEMA public TO {role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {tables} ON TABLES TO {role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {sequences} ON SEQUENCES TO {role}
"""
_PRESENT = "REVOKE ALL ON {objects} FROM {role}; GRANT {rights} ON {objects} TO {role}"


class Role(NamedTuple):
    name: str
    password: str


def roles_ensure(*, application: Role, reader: Role | None) -> None:
    """Make the roles with these passwords. Give them their rights on the objects that exist and on later ones.

    Idempotent. Runs as the schema's owner, who may create roles.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_sql(_PUBLIC))
        _ensure(cursor, application)
        _grant(cursor, application, tables="SELECT, INSERT, UPDATE, DELETE", sequences="SELECT, USAGE")
        _limit(cursor, application, "SELECT", APPLICATION_ONLY_READS)
        if reader:
            _ensure(cursor, reader)
            _grant(cursor, reader, tables="SELECT", sequences="SELECT")
            written = [model._meta.db_table for models in declared("rights", "READER_WRITES") for model in models]
            _limit(cursor, reader, "SELECT, INSERT, UPDATE", written)


def _ensure(cursor: Any, role: Role) -> None:
    cursor.execute(_ROLE, [role.name])
    found = cursor.fetchone()
    name = sql.Identifier(role.name)
    if found is None:
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    elif excess := [f"NO{word}" for word, has in zip(MORE_THAN_ROWS, found, strict=True) if has]:
        cursor.execute(sql.SQL(f"ALTER ROLE {{}} {' '.join(excess)}").format(name))
    if found is None or not _logs_in(role):
        # As a hash, because the server may log the statement.
        hashed = encrypt_password(role.password, role.name, scope=cursor.connection)
        cursor.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(hashed)))


def _logs_in(role: Role) -> bool:
    own = connection.get_connection_params()
    try:
        psycopg2.connect(
            host=own.get("host"), port=own.get("port"), dbname=own["dbname"], sslmode=own.get("sslmode", "prefer"),
            connect_timeout=own["connect_timeout"], user=role.name, password=role.password,
        ).close()  # fmt: skip
    except psycopg2.OperationalError:
        return False
    return True


def _grant(cursor: Any, role: Role, *, tables: str, sequences: str) -> None:
    cursor.execute(_sql(_FUTURE, role=role.name, tables=tables, sequences=sequences))
    for kinds, word, rights in (("rpvm", "TABLE", tables), ("S", "SEQUENCE", sequences)):
        cursor.execute(_OWN, [list(kinds)])
        _limit(cursor, role, rights, [name for (name,) in cursor.fetchall()], word=word)


def _limit(cursor: Any, role: Role, rights: str, names: Any, *, word: str = "TABLE") -> None:
    """Give the role these rights on these objects, and no others."""
    if names:
        objects = sql.SQL(f"{word} {{}}").format(sql.SQL(", ").join(sql.Identifier("public", name) for name in names))
        cursor.execute(
            sql.SQL(_PRESENT).format(objects=objects, role=sql.Identifier(role.name), rights=sql.SQL(rights))
        )


def _sql(text: str, *, role: str = "", **words: str) -> sql.Composed:
    return sql.SQL(text).format(
        database=sql.Identifier(connection.settings_dict["NAME"]),
        role=sql.Identifier(role) if role else sql.SQL(""),
        **{name: sql.SQL(word) for name, word in words.items()},
    )
