"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (Periodic("keep-figures", "bikerental.figures.tasks.keep_figures", seconds=3600, expires=3600),)
