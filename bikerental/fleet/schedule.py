"""What of this app runs without being asked."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (
    Periodic("sweep-photos", "bikerental.fleet.tasks.sweep_photos", seconds=30, expires=30),
    Periodic("sweep-orphaned-photos", "bikerental.fleet.tasks.sweep_orphaned_photos", seconds=3600, expires=3600),
)
