"""Django's PostgreSQL backend with seven changes.

The health check does not run for every request. The connection remembers its prepared statements. A
connection closes when its thread ends. A new connection, and each health check, reads the server's clock. A new
connection may take its password from a secret that is rotated. `flush` may empty tables that otherwise refuse a
TRUNCATE. Python reads times instead of the driver."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.postgresql import base, operations
from psycopg2.extensions import PYDATETIMETZ, new_type, register_type

from bikerental.core.db.clock import clock_record

if TYPE_CHECKING:
    from bikerental.core.db.credentials import Secret

# A connection that answered within this time is not checked. When the server restarts under load, busy
# connections notice at once, and idle ones before their next statement.
HEALTH_CHECK_SECONDS = 5.0


def _time(text: Any, cursor: Any) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # infinity
        time: datetime = PYDATETIMETZ(text, cursor)
        return time


# The driver's own parser takes almost twice as long: it asks Django for the zone of each time.
_TIME = new_type(PYDATETIMETZ.values, "TIME", _time)


class _Connections:
    """The connections of a thread; they are closed when the thread ends.

    Django's objects form reference cycles. Without this, the connection of a thread that the web server
    ended would stay open until the garbage collector runs.
    """

    def __init__(self) -> None:
        self.opened: WeakSet[Any] = WeakSet()

    def __del__(self) -> None:
        for connection in list(self.opened):
            connection.close()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.connections = _Connections()


_thread = _Thread()


@cache
def database_secret() -> "Secret":
    """The secret of DATABASE_SECRET, one for each process."""
    from bikerental.core.db.credentials import Secret

    return Secret(settings.DATABASE_SECRET)


class DatabaseOperations(operations.DatabaseOperations):
    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """`manage.py flush` and the tests empty tables that otherwise refuse a TRUNCATE."""
        super().execute_sql_flush(["SET LOCAL bikerental.emptying = 'on'", *sql_list])


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _answered_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: OrderedDict[str, None] = OrderedDict()  # the open connection's statements, last used last

    def connect(self) -> None:
        super().connect()
        _thread.connections.opened.add(self.connection)
        self.prepared.clear()
        register_type(_TIME, self.connection)
        with self.wrap_database_errors:
            self._read_clock()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not settings.DATABASE_SECRET or "password" in conn_params:
            return super().get_new_connection(conn_params)
        secret, refused, since = database_secret(), {}, time.monotonic()
        for read in (secret.candidates, partial(secret.candidates_anew, since=since)):
            for credentials in read():
                if credentials in refused:
                    continue
                try:
                    made = super().get_new_connection(conn_params | credentials._asdict())
                except self.Database.OperationalError as error:
                    # psycopg2 gives no code for a refused connection, only the server's sentence. With another error,
                    # such as a server that does not answer, another password would not help.
                    if "password authentication failed" not in str(error):
                        raise
                    refused[credentials] = error
                else:
                    secret.worked(credentials)
                    return made
        raise next(iter(refused.values()))

    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        try:
            self._read_clock()
        except self.Database.Error:
            return False
        return True

    def _read_clock(self) -> None:
        # With the driver's cursor, as Django's own check does, so that it is not counted as a statement of the request.
        with self.connection.cursor() as cursor:
            asked = time.monotonic()
            cursor.execute("SELECT clock_timestamp()")
            [now] = cursor.fetchone()
        self._answered_at = time.monotonic()
        if self.alias == DEFAULT_DB_ALIAS:  # ignore the replica's clock
            clock_record(now, asked=asked, answered=self._answered_at)

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self._answered_at < HEALTH_CHECK_SECONDS:
            # Decided once for each request: a check in the middle of it would open a transaction.
            self.health_check_done = True
            return
        super().close_if_health_check_failed()

    def close_if_unusable_or_obsolete(self) -> None:
        # Django calls this before each request, and checks the connection if a statement failed. The server may be
        # shutting down, so the next request checks the connection again.
        has_failed = self.errors_occurred
        super().close_if_unusable_or_obsolete()
        if has_failed:
            self._answered_at = 0.0
