"""The application's time limits, stored in PostgreSQL: a pooler does not let a connection set them."""

from typing import NamedTuple

from django.conf import settings
from django.db import connection
from psycopg2 import sql


class Limit(NamedTuple):
    name: str
    wanted: str
    found: str  # on the connection in use

    @property
    def is_in_force(self) -> bool:
        return self.found == self.wanted


def limits_store() -> None:
    """Give every new session of this role in this database the limits. Idempotent.

    One transaction, so that a pooler sends it to one session.
    """
    role = "ALTER ROLE CURRENT_USER IN DATABASE {database} SET {name} = {value}"
    with connection.cursor() as cursor:
        statements = [
            sql.SQL(role).format(
                database=sql.Identifier(connection.settings_dict["NAME"]),
                name=sql.Identifier(name),
                value=sql.Literal(str(value)),
            )
            for name, value in settings.DATABASE_LIMITS.items()
        ]
        cursor.execute(sql.SQL("; ").join(statements))


def limits_read() -> list[Limit]:
    """The limits of the open connection. One statement."""
    with connection.cursor() as cursor:
        # pg_settings gives times in their unit, milliseconds, where SHOW would say 5s.
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE lower(name) = ANY(%s)", [[*settings.DATABASE_LIMITS]]
        )
        found = {name.lower(): value for name, value in cursor.fetchall()}
    return [Limit(name, str(wanted), found.get(name, "")) for name, wanted in settings.DATABASE_LIMITS.items()]
