"""What runs without being asked, declared once. `sync_schedule` puts it into beat's table."""

from typing import NamedTuple


class Periodic(NamedTuple):
    """`expires`: seconds after which a message that no worker took is dropped; the next one follows."""

    name: str
    task: str
    seconds: int
    expires: int


SCHEDULE = (
    Periodic("check-overdue-rentals", "bikerental.rentals.tasks.check_overdue_rentals", seconds=60, expires=60),
    Periodic("sweep-returned-rentals", "bikerental.rentals.tasks.sweep_returned_rentals", seconds=30, expires=30),
    Periodic("reconcile-rentals", "bikerental.rentals.tasks.reconcile_rentals", seconds=300, expires=300),
    Periodic("forget-rentals", "bikerental.rentals.tasks.forget_rentals", seconds=3600, expires=3600),
    Periodic("sweep-notifications", "bikerental.notifications.tasks.sweep_notifications", seconds=30, expires=30),
    Periodic("purge-notifications", "bikerental.notifications.tasks.purge_notifications", seconds=3600, expires=3600),
    Periodic("sweep-photos", "bikerental.fleet.tasks.sweep_photos", seconds=30, expires=30),
    Periodic("take-out-reported-bikes", "bikerental.rentals.tasks.take_out_reported_bikes", seconds=30, expires=30),
    Periodic("sweep-orphaned-photos", "bikerental.fleet.tasks.sweep_orphaned_photos", seconds=3600, expires=3600),
    Periodic("purge-sessions", "bikerental.users.tasks.purge_sessions", seconds=3600, expires=3600),
    Periodic("purge-idempotency-keys", "bikerental.api.tasks.purge_idempotency_keys", seconds=3600, expires=3600),
    Periodic("beat-heartbeat", "bikerental.core.tasks.beat_heartbeat", seconds=60, expires=60),
)
