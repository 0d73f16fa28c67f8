"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from celery import shared_task
from django.utils import timezone

from bikerental.fleet.services import bike_events_purge, bike_log_repair


@shared_task
def keep_bike_log(**_newer: object) -> None:
    """Delete old rows of the log, and add missing ones. The next run is the retry."""
    now = timezone.now()
    bike_events_purge(now=now)
    bike_log_repair(now=now)
