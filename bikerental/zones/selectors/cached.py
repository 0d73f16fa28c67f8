"""The active zones, as each process caches them.

A process reads the number of the last change, and uses the cached zones if they have that number. After a change it
reads the list again, but only the shapes that it does not have.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from bikerental.core.db.statements import Statement, select
from bikerental.core.geometry import Box, Position
from bikerental.zones.constants import ReturnReason, ZoneKind
from bikerental.zones.models import ZoneVersion

_NUMBER = Statement(lambda v: select(ZoneVersion.objects.values_list("number")))
# One statement, so that number and zones are from one snapshot.
_ZONES = """
    SELECT version.number, zone.id, zone.revision, zone.kind, zone.valid_from, zone.valid_until,
           CASE WHEN zone.revision <> ALL (%s) THEN zone.shape::text END
      FROM zones_zoneversion AS version
      LEFT JOIN zones_zone AS zone ON zone.is_active AND (zone.valid_until IS NULL OR zone.valid_until > %s)
     ORDER BY zone.id
"""


class CachedZone(NamedTuple):
    id: UUID
    revision: int
    kind: str
    valid_from: datetime | None
    valid_until: datetime | None
    geometry: Any  # of Shapely

    def is_valid(self, now: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )


class ZoneDecision(NamedTuple):
    """Whether the zones allow a ride to end at a position."""

    is_in_service_area: bool
    reason: ReturnReason | None  # why it may not; None if it may


class ZoneSet:
    """The zones as they were at one number of the last change. It is never changed, so threads can share it."""

    def __init__(self, number: int | None, zones: tuple[CachedZone, ...] = ()) -> None:
        self.number = number
        self.zones = zones
        self._areas = [zone for zone in zones if zone.kind == ZoneKind.SERVICE_AREA]
        self._tree = _tree_of(zones)

    def decide(self, place: Position, now: datetime) -> ZoneDecision:
        """Whether a ride may end at the place. Borders count as inside."""
        kinds = {zone.kind for zone in self._zones_at(place) if zone.is_valid(now)}
        is_in_service_area = ZoneKind.SERVICE_AREA in kinds
        if ZoneKind.NO_RETURN in kinds:
            return ZoneDecision(is_in_service_area, ReturnReason.NO_RETURN_ZONE)
        if not is_in_service_area and self.has_service_area(now):
            return ZoneDecision(False, ReturnReason.OUTSIDE_SERVICE_AREA)
        return ZoneDecision(is_in_service_area, None)

    def has_service_area(self, now: datetime) -> bool:
        return any(zone.is_valid(now) for zone in self._areas)

    def _zones_at(self, place: Position) -> list[CachedZone]:
        if self._tree is None:
            return []
        import shapely

        # 180 degrees east and west are the same meridian.
        longitudes = (180.0, -180.0) if abs(place.longitude) == 180 else (place.longitude,)
        points = [shapely.Point(longitude, place.latitude) for longitude in longitudes]
        found = {index for point in points for index in self._tree.query(point, predicate="intersects")}
        return [self.zones[index] for index in found]

    def zones_in(self, boxes: Iterable[Box], now: datetime) -> list[CachedZone]:
        """The valid zones whose bounding boxes overlap one of these boxes."""
        if self._tree is None:
            return []
        import shapely

        found = {index for box in boxes for index in self._tree.query(shapely.box(*box))}
        return [zone for zone in map(self.zones.__getitem__, sorted(found)) if zone.is_valid(now)]


def _tree_of(zones: Sequence[CachedZone]) -> Any:
    """An index that finds zones by their bounding boxes."""
    if not zones:
        return None
    import shapely  # with NumPy it takes 29 MB, which a process without zones does not need

    return shapely.STRtree([zone.geometry for zone in zones])


_cached = ZoneSet(None)
_lock = threading.Lock()


def zones_cached(*, now: datetime) -> ZoneSet:
    """The active zones and future ones. One statement, and a second one in each process after a change."""
    global _cached  # noqa: PLW0603 - one value for all threads of the process, replaced as a whole
    row = _NUMBER.first()
    number = None if row is None else row[0]
    if _cached.number == number:
        return _cached
    with _lock:
        if _cached.number != number:
            _cached = _read(_cached, now)
        return _cached


def _read(known: ZoneSet, now: datetime) -> ZoneSet:
    """Read the zones. One statement. Shapes are slow to read and parse, so known ones are kept."""
    geometries = {zone.revision: zone.geometry for zone in known.zones}
    with connection.cursor() as cursor:
        cursor.execute(_ZONES, [list(geometries), now])
        rows = cursor.fetchall()
    if not rows:
        return ZoneSet(None)
    zones = [row for row in rows if row[1] is not None]
    new = [row for row in zones if row[-1] is not None]
    if new:
        import shapely

        texts = [row[-1] for row in new]
        geometries |= dict(zip((row[2] for row in new), shapely.from_geojson(texts), strict=True))
    return ZoneSet(rows[0][0], tuple(CachedZone._make((*row[1:-1], geometries[row[2]])) for row in zones))
