"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from celery import shared_task
from django.utils import timezone

from bikerental.users.services import guess_counters_purge, sessions_purge


@shared_task
def purge_sessions(**_newer: object) -> None:
    """Delete sessions and guess counters that are too old. The next run is the retry."""
    now = timezone.now()
    sessions_purge(now=now)
    guess_counters_purge(now=now)
