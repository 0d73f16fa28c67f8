"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from bikerental.observe.heartbeat import heartbeat_record


@shared_task
def beat_heartbeat(**_newer: object) -> None:
    """Record that beat, the broker and a worker work."""
    heartbeat_record(name="beat", now=timezone.now())
    if settings.HEARTBEAT_FILE:
        Path(settings.HEARTBEAT_FILE).touch()
