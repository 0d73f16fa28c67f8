"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (Periodic("beat-heartbeat", "bikerental.observe.tasks.beat_heartbeat", seconds=60, expires=60),)
