"""The connection's health check: rarely, before the first statement, never in the middle."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bikerental.core.postgresql.base import HEALTH_CHECK_SECONDS
from bikerental.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def new_request(*, silent_for: float) -> None:
    connection.ensure_connection()
    connection.close_if_unusable_or_obsolete()
    connection.health_check_enabled = True
    connection._answered_at -= silent_for


def test_a_connection_that_answered_lately_is_believed() -> None:
    new_request(silent_for=0)

    with CaptureQueriesContext(connection) as statements:
        User.objects.exists()

    assert len(statements) == 1


def test_a_connection_that_died_while_idle_is_replaced_unnoticed() -> None:
    new_request(silent_for=HEALTH_CHECK_SECONDS + 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
    new_request(silent_for=HEALTH_CHECK_SECONDS + 1)
    connection.connection.close()

    assert User.objects.exists() is False


def test_time_that_passes_within_a_transaction_starts_no_check() -> None:
    new_request(silent_for=0)

    with transaction.atomic():
        User.objects.exists()
        connection._answered_at -= HEALTH_CHECK_SECONDS + 1

    assert User.objects.exists() is False
