"""Builds the public feed from one snapshot of the database."""

import time
from datetime import datetime, timedelta
from hashlib import blake2b

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F
from psycopg2 import errorcodes

from bikerental.core.db.transactions import sqlstate, unit_of_work
from bikerental.feeds.constants import BUILD_APART, BUILD_SECONDS
from bikerental.feeds.documents.files import Document, Snapshot, documents
from bikerental.feeds.documents.packing import Packed, pack
from bikerental.feeds.documents.stations import count_by_station, ranges_of
from bikerental.feeds.documents.vehicles import vehicle_texts
from bikerental.feeds.locks import build_lock
from bikerental.feeds.models import FeedBuild, FeedFile
from bikerental.feeds.selectors.built import Known, files_known, is_built_since
from bikerental.feeds.selectors.fleet import plan_rows, station_rows, type_rows, vehicle_rows
from bikerental.feeds.selectors.system import alert_rows, region_rows, system_row
from bikerental.feeds.selectors.zones import zone_rows

_WRITE = """
    INSERT INTO feeds_feedfile (name, body, size, etag, digest, ttl, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (name) DO UPDATE SET body = EXCLUDED.body, size = EXCLUDED.size, etag = EXCLUDED.etag,
        digest = EXCLUDED.digest, ttl = EXCLUDED.ttl, updated_at = EXCLUDED.updated_at
"""


def feed_build(*, now: datetime) -> bool:
    """Build all files and replace the last ones, in one transaction. Returns whether it did.

    If another build runs or has just ended, it does nothing. A failure is counted, and the last good files stay.
    """
    started = time.perf_counter()
    try:
        return _build(now, started)
    except Exception as error:
        if sqlstate(error) == errorcodes.LOCK_NOT_AVAILABLE:
            return False
        _count_failure()
        raise


@unit_of_work
def _build(now: datetime, started: float) -> bool:
    build_lock()
    if is_built_since(now - BUILD_APART, now=now):
        return False
    known = files_known()
    names = [_write(document, known.get(document.name), now) for document in documents(_snapshot(now))]
    FeedFile.objects.exclude(name__in=names).delete()
    done = {"built_at": now, "seconds": time.perf_counter() - started, "failures": 0}
    FeedBuild.objects.update_or_create(pk=1, defaults=done)
    return True


def _snapshot(now: datetime) -> Snapshot:
    vehicles, types, system = vehicle_rows(now=now), type_rows(), system_row()
    return Snapshot(
        system=system,
        regions=region_rows(system.languages),
        alerts=alert_rows(system.languages, now=now),
        stations=station_rows(now=now),
        counts=count_by_station(vehicles),
        vehicles=vehicle_texts(vehicles, key=_vehicle_key(), ranges=ranges_of(types)),
        types=types,
        plans=plan_rows(types),
        zones=zone_rows(now=now),
        reserve_minutes=settings.RESERVATION_MINUTES,
    )


def _vehicle_key() -> bytes:
    return blake2b(settings.SECRET_KEY.encode(), person=b"gbfs vehicle_id").digest()


def _write(document: Document, known: Known | None, now: datetime) -> str:
    """Replace the file, unless it would say the same and is young enough. Then it keeps its tag.

    Its `last_updated` must not be older than its `ttl`, or a reader would treat the feed as stale.
    """
    packed = pack(document, updated_at=now)
    young = timedelta(seconds=document.ttl - 2 * BUILD_SECONDS)
    # A time in the future comes from a clock that was ahead.
    is_kept = known is not None and known.digest == packed.digest and timedelta(0) <= now - known.updated_at < young
    if not is_kept:
        _replace(document, packed, now)
    return document.name


def _replace(document: Document, packed: Packed, now: datetime) -> None:
    with connection.cursor() as cursor:
        packed_values = (packed.body, packed.size, packed.etag, packed.digest)
        cursor.execute(_WRITE, (document.name, *packed_values, document.ttl, now))


def _count_failure() -> None:
    """Count a failed build for the metrics. Without the database it is not counted, but then other alerts fire."""
    try:
        if not FeedBuild.objects.filter(pk=1).update(failures=F("failures") + 1):
            FeedBuild.objects.get_or_create(pk=1, defaults={"failures": 1})
    except DatabaseError:
        return
