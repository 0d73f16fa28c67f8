"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (
    Periodic("sweep-photos", "bikerental.maintenance.tasks.sweep_photos", seconds=30, expires=30),
    Periodic("sweep-orphaned-photos", "bikerental.maintenance.tasks.sweep_orphaned_photos", seconds=3600, expires=3600),
    Periodic("take-out-reported-bikes", "bikerental.maintenance.tasks.take_out_reported_bikes", seconds=30, expires=30),
)
