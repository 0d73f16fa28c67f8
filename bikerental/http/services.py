"""Deletes idempotency keys."""

from datetime import datetime, timedelta
from uuid import UUID

from bikerental.core.work.purging import rows_purge
from bikerental.http.models import IdempotencyKey

KEYS_KEPT_FOR = timedelta(hours=24)


def idempotency_keys_purge(*, now: datetime) -> int:
    """Delete keys that are older than their retention, in batches."""
    return rows_purge(IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT_FOR))


def idempotency_keys_erase(*, rider_id: UUID) -> None:
    IdempotencyKey.objects.filter(rider_id=rider_id).delete()
