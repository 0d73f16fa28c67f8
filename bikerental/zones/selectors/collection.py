"""The active zones as one GeoJSON document, which is written once for all callers."""

import threading
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from bikerental.zones.selectors.cached import zones_cached

_ZONES = """
    SELECT version.number, zone.id, zone.name, zone.kind, zone.valid_from, zone.valid_until, zone.shape::text
      FROM zones_zoneversion AS version
      LEFT JOIN zones_zone AS zone ON zone.is_active AND (zone.valid_from IS NULL OR zone.valid_from <= %(now)s)
                                  AND (zone.valid_until IS NULL OR zone.valid_until > %(now)s)
     ORDER BY zone.name, zone.id
"""
_Key = tuple[int | None, frozenset[UUID]]


class Collection(NamedTuple):
    etag: str
    body: bytes


def _collection(features: list[object]) -> Collection:
    body = orjson.dumps({"type": "FeatureCollection", "features": features}, option=orjson.OPT_UTC_Z)
    return Collection(f'"{sha256(body).hexdigest()[:32]}"', body)


_cached: tuple[_Key, Collection] = ((None, frozenset()), _collection([]))
_lock = threading.Lock()


def zones_collection(*, now: datetime) -> Collection:
    """The zones that are active and valid. One statement, and two more in each process after a change."""
    global _cached  # noqa: PLW0603 - one value for all threads of the process, replaced as a whole
    zones = zones_cached(now=now)
    key = zones.number, frozenset(zone.id for zone in zones.zones if zone.is_valid(now))
    cached_key, cached = _cached
    if cached_key == key:
        return cached
    with _lock:
        if _cached[0] != key:
            _cached = _read(now)
        return _cached[1]


def _read(now: datetime) -> tuple[_Key, Collection]:
    """Read the zones. One statement. The rows may be newer than the requested key, so it returns their own key."""
    with connection.cursor() as cursor:
        cursor.execute(_ZONES, {"now": now})
        rows = cursor.fetchall()
    zones = [row for row in rows if row[1] is not None]
    features: list[object] = [
        {
            "type": "Feature",
            "id": zone_id,
            "properties": {"name": name, "kind": kind, "valid_from": valid_from, "valid_until": valid_until},
            "geometry": orjson.Fragment(shape),
        }
        for _number, zone_id, name, kind, valid_from, valid_until, shape in zones
    ]
    return (rows[0][0] if rows else None, frozenset(row[1] for row in zones)), _collection(features)
