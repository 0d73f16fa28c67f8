"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from functools import partial
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from bikerental.core.work.single_flight import SingleFlight
from bikerental.maintenance.constants import PUBLISH_SECONDS, PUBLISH_SWEEP_BATCH
from bikerental.maintenance.services import (
    photos_publish,
    photos_publish_left_over,
    photos_sweep_orphans,
    refused_uploads_purge,
    reported_bikes_sweep,
)

_publishing = SingleFlight(seconds=PUBLISH_SECONDS)


@shared_task
def publish_photos(*, ids: list[str], **_newer: object) -> None:
    """Encode and publish confirmed photos. Safe to run twice: only due ones are taken. The sweep is the retry."""
    own = partial(photos_publish, [UUID(row_id) for row_id in ids])
    if _publishing.run(own, again=_publish_left_over):
        sweep_photos.delay()


@shared_task
def sweep_photos(**_newer: object) -> None:
    """Publish photos that the fast path lost or that are due again. The next run is the retry."""
    if _publishing.run(_publish_left_over, again=_publish_left_over):
        sweep_photos.delay()


@shared_task
def sweep_orphaned_photos(**_newer: object) -> None:
    """Delete refused uploads, and files that no row names. The next run is the retry."""
    now = timezone.now()
    refused_uploads_purge(now=now)
    photos_sweep_orphans(now=now)


@shared_task
def take_out_reported_bikes(**_newer: object) -> None:
    """Take bikes with grave reports out of service after their ride. The next run is the retry."""
    reported_bikes_sweep(now=timezone.now())


def _publish_left_over(seconds: float) -> bool:
    return photos_publish_left_over(now=timezone.now(), seconds=seconds) >= PUBLISH_SWEEP_BATCH
