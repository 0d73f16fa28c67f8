"""Publishes photos: from `confirmed` to `published` or `refused`.

No transaction is open during calls to the storage.
"""

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.timezone import now as utc_now

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.batches import due_rows, run_row
from bikerental.core.work.purging import rows_purge
from bikerental.fleet.constants import BIKE_PHOTOS
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike
from bikerental.maintenance.constants import (
    ORPHAN_AGE,
    PUBLISH_ATTEMPTS_MAX,
    PUBLISH_LEASE,
    PUBLISH_SECONDS,
    PUBLISH_SWEEP_BATCH,
    REFUSED_KEPT_FOR,
    REPORT_PHOTOS,
    STORAGE_RETRY,
    UPLOADS,
    UploadState,
)
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.media.constants import UPLOAD_TIME, WEBP_TYPE
from bikerental.media.exceptions import PhotoAttemptsError, PhotoExpiredError, PhotoRefusal
from bikerental.media.gateways import PhotoStore, photo_store
from bikerental.media.names import large_name, photo_name, small_name
from bikerental.media.storage import StorageUnavailableError

logger = logging.getLogger(__name__)

TASK = "publish photos"
ORPHAN_BATCH = 500


def photos_publish(
    upload_ids: Iterable[UUID], seconds: float = PUBLISH_SECONDS, *, failed_before: Collection[UUID] = ()
) -> int:
    """Publish the uploads that are due. Returns how many were.

    It stops when time runs out or the storage is unavailable. The others stay confirmed, and the sweep finds them.

    :param seconds: after them it begins no further photo
    """
    published = 0
    begun = time.monotonic()
    store = photo_store()

    def publish(ids: Sequence[UUID]) -> int:
        return _publish_one(ids[0], now=utc_now(), store=store) == UploadState.PUBLISHED

    try:
        for upload_id in upload_ids:
            if time.monotonic() - begun > seconds:
                break
            published += run_row(TASK, upload_id, publish, failed_before=upload_id in failed_before)
    except StorageUnavailableError as error:
        logger.warning("Publishing stopped, the sweep will continue: %s", error)
    return published


def photos_publish_left_over(*, now: datetime, seconds: float = PUBLISH_SECONDS) -> int:
    """Publish uploads that the fast path lost or that are due again. End uploads that never came or cannot be
    published."""
    pending = PhotoUpload.objects.filter(state=UploadState.PENDING, expires_at__lt=now - UPLOAD_TIME)
    pending.update(state=UploadState.REFUSED, code=PhotoExpiredError.field_code)
    exhausted = PhotoUpload.objects.filter(_unclaimed(now), attempts__gte=PUBLISH_ATTEMPTS_MAX)
    if count := exhausted.update(state=UploadState.REFUSED, code=PhotoAttemptsError.field_code):
        logger.error("%d photos were refused: their worker died in every attempt", count)
    due = PhotoUpload.objects.filter(_unclaimed(now)).order_by("next_attempt_at", "pk")
    failed, others = due_rows(TASK, due, size=PUBLISH_SWEEP_BATCH)
    return photos_publish([*failed, *others], seconds, failed_before=failed)


def _unclaimed(now: datetime) -> Q:
    # Without an attempt the time is at most this. A later one was written by a server whose clock is ahead.
    is_ahead = Q(attempts=0, next_attempt_at__gt=now + STORAGE_RETRY)
    return Q(state=UploadState.CONFIRMED) & (Q(next_attempt_at__lte=now) | is_ahead)


def _publish_one(upload_id: UUID, *, now: datetime, store: PhotoStore) -> str | None:
    """Publish one upload. Returns its new state, or None if there was nothing to do. Of several workers at once, one
    claims it for a while."""
    from bikerental.media.images import photo_publish  # here, because most processes never need Pillow's memory

    due = PhotoUpload.objects.filter(_unclaimed(now), pk=upload_id, attempts__lt=PUBLISH_ATTEMPTS_MAX)
    if not due.update(next_attempt_at=now + PUBLISH_LEASE, attempts=F("attempts") + 1):
        return None
    upload = PhotoUpload.objects.get(pk=upload_id)
    # The number of the attempt distinguishes our claim from a later one.
    ours = PhotoUpload.objects.filter(pk=upload_id, state=UploadState.CONFIRMED, attempts=upload.attempts)
    try:
        large, small = photo_publish(store.fetch(upload.key))
        name = photo_name(BIKE_PHOTOS if upload.report_id is None else REPORT_PHOTOS)
        store.put(name, large, WEBP_TYPE)
        store.put(small_name(name), small, WEBP_TYPE)
    except PhotoRefusal as refusal:
        ours.update(state=UploadState.REFUSED, code=refusal.field_code)
        return UploadState.REFUSED
    except StorageUnavailableError:
        # The photo is not the cause, so the attempt does not count.
        ours.update(next_attempt_at=now + STORAGE_RETRY, attempts=F("attempts") - 1)
        raise
    return _show(upload, name, now)


@unit_of_work
def _show(upload: PhotoUpload, name: str, now: datetime) -> str | None:
    """Write the photo's name where it belongs. Locks the bike: of two photos the one confirmed later stays."""
    bikes_lock(bike_ids=[upload.bike_id])
    ours = PhotoUpload.objects.filter(pk=upload.pk, state=UploadState.CONFIRMED, attempts=upload.attempts)
    if not ours.update(state=UploadState.PUBLISHED, published_at=now):
        return None  # claimed again meanwhile, or the rider's account was closed
    same = PhotoUpload.objects.filter(bike=upload.bike_id, report=upload.report_id, state=UploadState.PUBLISHED)
    if same.filter(confirmed_at__gt=upload.confirmed_at).exists():
        return UploadState.PUBLISHED
    if upload.report_id is None:
        Bike.objects.filter(pk=upload.bike_id).update(photo=name)
    else:
        BikeReport.objects.filter(pk=upload.report_id).update(photo=name)
    return UploadState.PUBLISHED


def refused_uploads_purge(*, now: datetime) -> int:
    """Delete uploads that were never confirmed or were refused. Returns how many. The sweep of orphans deletes the
    files."""
    return rows_purge(PhotoUpload.objects.filter(state=UploadState.REFUSED, created_at__lt=now - REFUSED_KEPT_FOR))


def photos_sweep_orphans(*, now: datetime, seconds: float = PUBLISH_SECONDS) -> int:
    """Delete files that no row names and that are older than ORPHAN_AGE. Returns how many.

    These are raw uploads after publishing or refusal, replaced photos, and files of a process that died between the
    storage and the row.
    """
    begun = time.monotonic()
    store = photo_store()
    deleted = 0
    for prefix in (UPLOADS, BIKE_PHOTOS, REPORT_PHOTOS):
        keys = store.older_than(prefix, now - ORPHAN_AGE)
        while batch := list(islice(keys, ORPHAN_BATCH)):
            for key in _without_row(prefix, batch):
                store.delete(key)
                deleted += 1
            if time.monotonic() - begun > seconds:
                logger.warning("The sweep of orphans ran out of time in %s", prefix)
                return deleted
    return deleted


def _without_row(prefix: str, keys: list[str]) -> Iterator[str]:
    wanted = {large_name(key) for key in keys}
    rows: QuerySet[Any, str | None]
    if prefix == UPLOADS:
        unfinished = PhotoUpload.objects.filter(state__in=(UploadState.PENDING, UploadState.CONFIRMED))
        rows = unfinished.filter(key__in=wanted).values_list("key", flat=True)
    elif prefix == BIKE_PHOTOS:
        rows = Bike.objects.filter(photo__in=wanted).values_list("photo", flat=True)
    else:
        rows = BikeReport.objects.filter(photo__in=wanted).values_list("photo", flat=True)
    named = set(rows)
    return (key for key in keys if large_name(key) not in named)
