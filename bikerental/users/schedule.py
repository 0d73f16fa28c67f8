"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (Periodic("purge-sessions", "bikerental.users.tasks.purge_sessions", seconds=3600, expires=3600),)
