"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from bikerental.maintenance.services import (
    photos_publish,
    photos_publish_left_over,
    photos_sweep_orphans,
    refused_uploads_purge,
    reported_bikes_sweep,
)


@shared_task
def publish_photos(*, ids: list[str], **_newer: object) -> None:
    """Re-encode and publish confirmed photos. Safe to run twice: only due ones are taken; the sweep is the retry."""
    photos_publish(upload_ids=[UUID(row_id) for row_id in ids])


@shared_task
def sweep_photos(**_newer: object) -> None:
    """Publish what the fast path lost and what is due again; the next run is the retry."""
    photos_publish_left_over(now=timezone.now())


@shared_task
def sweep_orphaned_photos(**_newer: object) -> None:
    """Forget what was refused and delete what no row names; the next run is the retry."""
    now = timezone.now()
    refused_uploads_purge(now=now)
    photos_sweep_orphans(now=now)


@shared_task
def take_out_reported_bikes(**_newer: object) -> None:
    """Take gravely reported bikes out of service that came back from a ride; the next run is the retry."""
    reported_bikes_sweep(now=timezone.now())
