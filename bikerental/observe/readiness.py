"""What readiness needs: a database and a broker that accept writes, and migrations that are applied."""

import functools
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from redis.backoff import NoBackoff
from redis.retry import Retry

BROKER_SECONDS = 1.0
BROKER_KEY = "bikerental-ready"
BROKER_KEY_SECONDS = 60

# Writes a message to the write-ahead log that nobody reads. It fails on a standby, and where the log has no room.
# A row would prove no more, and would have to be locked and deleted. A read-only transaction may write such a
# message too, so the query also returns whether the transaction is read-only.
_WRITE = """
    SELECT current_setting('transaction_read_only')::boolean FROM pg_logical_emit_message(true, 'bikerental.ready', '')
"""


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE)
            (is_read_only,) = cursor.fetchone()
        return not is_read_only
    except DatabaseError:
        return False
    finally:
        connection.close()


def _broker() -> bool:
    try:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL,
            socket_timeout=BROKER_SECONDS,
            socket_connect_timeout=BROKER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the client's three retries would take longer than the probe waits
        ) as client:
            # A replica or a full Redis answers PING, but accepts no task.
            return bool(client.set(BROKER_KEY, "", ex=BROKER_KEY_SECONDS))
    except redis.RedisError:
        return False


def _migrations() -> bool:
    try:
        # Reading a hundred migration files costs more than a request. The files do not change while the
        # process runs, so the result is kept once all are applied.
        return _all_applied()
    except (DatabaseError, _NotApplied):
        return False
    finally:
        connection.close()


class _NotApplied(Exception):
    """Keeps the negative result out of the cache."""


@functools.cache
def _all_applied() -> bool:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _NotApplied
    return True


CHECKS: dict[str, Callable[[], bool]] = {"database": _database, "broker": _broker, "migrations": _migrations}
