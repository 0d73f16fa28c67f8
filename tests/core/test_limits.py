"""Each wait for PostgreSQL has a limit."""

import pytest
from django.db import connection

LIMITS = {"statement_timeout": "5000", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "10000"}


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "milliseconds"), LIMITS.items())
def test_each_connection_has_its_limits(name: str, milliseconds: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting FROM pg_settings WHERE name = %s", [name])
        assert cursor.fetchone() == (milliseconds,)
