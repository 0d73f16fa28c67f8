"""Django's PostgreSQL backend, with a health check that is not paid by every request, and a memory
of what the connection has prepared."""

import time
from typing import Any

from django.db.backends.postgresql import base

# A connection that answered this recently is believed. A server that restarts under load is
# noticed at once by the busy connections, and by the idle ones before their next statement.
HEALTH_CHECK_SECONDS = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    _answered_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()  # names of the statements that the open connection knows

    def connect(self) -> None:
        super().connect()
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

    def close_if_unusable_or_obsolete(self) -> Any:
        # Django asks here at the end of a request in which a statement failed.
        if self.errors_occurred:
            self._answered_at = 0.0
        return super().close_if_unusable_or_obsolete()
