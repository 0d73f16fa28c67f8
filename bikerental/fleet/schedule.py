"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (Periodic("keep-bike-log", "bikerental.fleet.tasks.keep_bike_log", seconds=3600, expires=3600),)
