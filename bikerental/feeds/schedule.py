"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic
from bikerental.feeds.constants import BUILD_SECONDS

SCHEDULE = (Periodic("build-feed", "bikerental.feeds.tasks.build_feed", seconds=BUILD_SECONDS, expires=BUILD_SECONDS),)
