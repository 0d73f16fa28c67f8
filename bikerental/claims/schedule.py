"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (Periodic("forget-claims", "bikerental.claims.tasks.forget_claims", seconds=3600, expires=3600),)
