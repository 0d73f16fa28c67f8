"""Uploads: from the form to a checked photo."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Min, QuerySet, Sum

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import ThrottledError, UnavailableError
from bikerental.core.work.enqueueing import enqueue_after_commit
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.fleet.models import Bike
from bikerental.maintenance.constants import (
    BIKE_FORMS_PER_HOUR,
    CHECK_LEASE,
    CHECKS_PER_FORM,
    REPORT_FORMS_PER_HOUR,
    UPLOADS,
    UploadState,
)
from bikerental.maintenance.exceptions import ReportNotFoundError, UploadNotFoundError
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.types import UploadStarted
from bikerental.media.constants import RAW_TYPE, UPLOAD_TIME
from bikerental.media.exceptions import PHOTO_REFUSALS, PhotoMissingError, PhotoRefusal
from bikerental.media.gateways import photo_store
from bikerental.media.storage import StorageUnavailableError
from bikerental.users.locks import open_user_lock

HOUR = timedelta(hours=1)


def photo_upload_start(
    *, bike_id: UUID, uploader_id: UUID, report_id: UUID | None = None, now: datetime
) -> UploadStarted:
    """A form for one file under a name of its own, valid for UPLOAD_TIME. With a report it is for that report's photo.

    :raises BikeNotFoundError: if there is none
    :raises ReportNotFoundError: if it is not the uploader's, or of another bike
    :raises AccountClosedError: if the uploader's account was closed meanwhile
    :raises ThrottledError: after too many forms
    :raises StorageUnavailableError: if the storage is unavailable; then no row is left
    """
    if report_id is not None:
        if not BikeReport.objects.filter(pk=report_id, bike=bike_id, rider=uploader_id).exists():
            raise ReportNotFoundError
    elif not Bike.objects.filter(pk=bike_id).exists():
        raise BikeNotFoundError
    uploads = _uploads_of_last_hour(uploader_id, report_id, now)
    _refuse_more_than(_forms_per_hour(report_id), uploads, uploads.count(), now=now)  # before the call to the storage
    key = _new_key()
    form = photo_store().upload_form(key)
    upload = PhotoUpload(
        bike_id=bike_id,
        report_id=report_id,
        uploader_id=uploader_id,
        key=key,
        expires_at=now + UPLOAD_TIME,
        next_attempt_at=now,
        created_at=now,
    )
    _insert(upload, now)
    return UploadStarted(upload.pk, form, upload.expires_at)


@unit_of_work
def _insert(upload: PhotoUpload, now: datetime) -> None:
    """Locks the uploader, so that of several at once each counts the ones before it."""
    open_user_lock(user_id=upload.uploader_id)
    uploads = _uploads_of_last_hour(upload.uploader_id, upload.report_id, now)
    _refuse_more_than(_forms_per_hour(upload.report_id), uploads, uploads.count(), now=now)
    upload.save(force_insert=True)


def photo_upload_confirm(
    *, upload_id: UUID, bike_id: UUID, uploader_id: UUID, report_id: UUID | None = None, now: datetime
) -> PhotoUpload:
    """Check the uploaded photo. If it passes, a task publishes it. A repeated call gives the same answer.

    The check is bounded (size, pixels, one at a time), so that its result can be the client's answer. The task checks
    again, because until the form expires its owner may upload another file under the same name.

    :raises UploadNotFoundError: if it is not the uploader's, or for something else
    :raises PhotoMissingError: if nothing has been uploaded yet
    :raises PhotoRefusal: finally, for any other reason
    :raises AccountClosedError: if the uploader's account was closed meanwhile
    :raises ThrottledError: after too many checks
    :raises UnavailableError: while this process checks another photo, or another request checks this one
    :raises StorageUnavailableError: if the storage is unavailable; only the count of checks has changed
    """
    uploads = PhotoUpload.objects.filter(pk=upload_id, bike=bike_id, report=report_id, uploader=uploader_id)
    upload = uploads.first()
    if upload is None:
        raise UploadNotFoundError
    if upload.state == UploadState.PENDING:
        _check(upload, now)
        upload.refresh_from_db()
    if upload.state == UploadState.REFUSED:
        raise PHOTO_REFUSALS[upload.code]
    return upload


def _check(upload: PhotoUpload, now: datetime) -> None:
    from bikerental.media.images import decoding, photo_check  # here, because most processes never need Pillow's memory

    with decoding():
        if not _claim(upload, now):
            return
        try:
            photo_check(photo_store().fetch(upload.key))
        except (PhotoMissingError, StorageUnavailableError):
            _pending(upload.pk).update(next_attempt_at=now)
            raise
        except PhotoRefusal as refusal:
            _pending(upload.pk).update(state=UploadState.REFUSED, code=refusal.field_code)
        else:
            _confirm(upload, now)


@unit_of_work
def _claim(upload: PhotoUpload, now: datetime) -> bool:
    """Claim the check. False if it was done meanwhile. Locks the uploader.

    :raises UnavailableError: while another request checks
    """
    open_user_lock(user_id=upload.uploader_id)
    uploads = _uploads_of_last_hour(upload.uploader_id, upload.report_id, now)
    looks = uploads.aggregate(looks=Sum("looks", default=0))["looks"]
    _refuse_more_than(CHECKS_PER_FORM * _forms_per_hour(upload.report_id), uploads, looks, now=now)
    due = _pending(upload.pk).filter(next_attempt_at__lte=now)
    if due.update(next_attempt_at=now + CHECK_LEASE, looks=F("looks") + 1):
        return True
    if _pending(upload.pk).exists():
        raise UnavailableError
    return False


@unit_of_work
def _confirm(upload: PhotoUpload, now: datetime) -> None:
    """Locks the uploader."""
    open_user_lock(user_id=upload.uploader_id)
    if _pending(upload.pk).update(state=UploadState.CONFIRMED, confirmed_at=now, next_attempt_at=now):
        enqueue_after_commit("bikerental.maintenance.tasks.publish_photos", row_id=upload.pk)


def _pending(upload_id: UUID) -> QuerySet[PhotoUpload]:
    return PhotoUpload.objects.filter(pk=upload_id, state=UploadState.PENDING)


def _uploads_of_last_hour(uploader_id: UUID, report_id: UUID | None, now: datetime) -> QuerySet[PhotoUpload]:
    """The uploader's uploads of the last hour, for reports or for bikes."""
    return PhotoUpload.objects.filter(uploader=uploader_id, report__isnull=report_id is None, created_at__gt=now - HOUR)


def _forms_per_hour(report_id: UUID | None) -> int:
    return BIKE_FORMS_PER_HOUR if report_id is None else REPORT_FORMS_PER_HOUR


def _refuse_more_than(most: int, uploads: QuerySet[PhotoUpload], done: int, *, now: datetime) -> None:
    """:raises ThrottledError: until the oldest of them is an hour old"""
    if done < most:
        return
    oldest = uploads.aggregate(oldest=Min("created_at"))["oldest"]
    raise ThrottledError(retry_after=(oldest + HOUR - now).total_seconds())


def bike_photo_store(*, bike_id: UUID, uploader_id: UUID, data: bytes, now: datetime) -> None:
    """Store a photo that an operator's form has already checked. A task publishes it.

    :raises StorageUnavailableError: if the storage is unavailable; then nothing has changed
    """
    key = _new_key()
    photo_store().put(key, data, RAW_TYPE)
    _upload_create(bike_id, uploader_id, key, now)


@unit_of_work
def _upload_create(bike_id: UUID, uploader_id: UUID, key: str, now: datetime) -> None:
    upload = PhotoUpload.objects.create(
        bike_id=bike_id,
        uploader_id=uploader_id,
        key=key,
        state=UploadState.CONFIRMED,
        expires_at=now,
        confirmed_at=now,
        next_attempt_at=now,
    )
    enqueue_after_commit("bikerental.maintenance.tasks.publish_photos", row_id=upload.pk)


def _new_key() -> str:
    return UPLOADS + secrets.token_hex(16)
