"""`manage.py monitor_role`: make the role with which Prometheus's exporter reads PostgreSQL's statistics."""

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.db import ProgrammingError, connection, transaction
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

_KNOWN = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"


class Command(BaseCommand):
    help = "Make the role DATA_SOURCE_USER with DATA_SOURCE_PASS, which reads statistics and no rows."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        name, password = os.environ.get("DATA_SOURCE_USER", ""), os.environ.get("DATA_SOURCE_PASS", "")
        if not name or not password:
            self.stdout.write("DATA_SOURCE_USER or DATA_SOURCE_PASS is not set: no role is made.")
            return
        try:
            _ensure(name, password)
        except ProgrammingError as error:
            # Missing statistics are no reason to stop a deploy.
            self.stderr.write(f"{name} cannot be made: {error}Let an administrator make it, with pg_monitor.")


@transaction.atomic
def _ensure(name: str, password: str) -> None:
    """Idempotent. Runs as the schema's owner, who may create roles."""
    role = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [name])
        [is_known] = cursor.fetchone()
        if not is_known:
            made = "CREATE ROLE {role} LOGIN CONNECTION LIMIT 5; GRANT pg_monitor TO {role}"
            cursor.execute(sql.SQL(made).format(role=role))
        # As a hash, because the server may log the statement.
        hashed = encrypt_password(password, name, scope=cursor.connection)
        cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(hashed)))
