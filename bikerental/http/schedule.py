"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (
    Periodic("purge-idempotency-keys", "bikerental.http.tasks.purge_idempotency_keys", seconds=3600, expires=3600),
)
