"""Celery's way in."""

from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from bikerental.observe.heartbeat import heartbeat_record


@shared_task
def beat_heartbeat(**_newer: object) -> None:
    """Show that beat sends, the broker carries and a worker writes."""
    heartbeat_record(name="beat", now=timezone.now())
    if settings.HEARTBEAT_FILE:
        Path(settings.HEARTBEAT_FILE).touch()
