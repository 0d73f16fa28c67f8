"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (
    Periodic("sweep-notifications", "bikerental.notifications.tasks.sweep_notifications", seconds=30, expires=30),
    Periodic("purge-notifications", "bikerental.notifications.tasks.purge_notifications", seconds=3600, expires=3600),
)
