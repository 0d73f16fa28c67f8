"""Django's PostgreSQL backend, with a health check that is not paid by every request, a memory of what
the connection has prepared, connections that end with their thread, and a `flush` that says what it does."""

import threading
import time
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from django.db.backends.postgresql import base, operations

# A connection that answered this recently is believed. A server that restarts under load is
# noticed at once by the busy connections, and by the idle ones before their next statement.
HEALTH_CHECK_SECONDS = 5.0


class _Connections:
    """Those that a thread opened, closed when it ends.

    Django's objects refer to each other in circles: a thread of the web server that had nothing to do
    and was ended would leave its connection open until the collector comes by.
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


class DatabaseOperations(operations.DatabaseOperations):
    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """`manage.py flush`, which the suite uses too, empties tables that refuse a TRUNCATE otherwise."""
        super().execute_sql_flush(["SET LOCAL bikerental.emptying = 'on'", *sql_list])


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _answered_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()  # names of the statements that the open connection knows

    def connect(self) -> None:
        super().connect()
        _thread.connections.opened.add(self.connection)
        self.prepared.clear()
        self._answered_at = time.monotonic()

    def is_usable(self) -> bool:
        usable: bool = super().is_usable()
        if usable:
            self._answered_at = time.monotonic()
        return usable

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self._answered_at < HEALTH_CHECK_SECONDS:
            # Decided for the whole request: a check in its middle would open a transaction.
            self.health_check_done = True
            return
        super().close_if_health_check_failed()

    def close_if_unusable_or_obsolete(self) -> None:
        # Django comes here at the end of a request, and checks the connection if a statement failed. A failure can
        # be the first sign of a server that ends: after it, one good answer is not believed for five seconds.
        has_failed = self.errors_occurred
        super().close_if_unusable_or_obsolete()
        if has_failed:
            self._answered_at = 0.0
