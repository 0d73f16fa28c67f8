"""The zones in force, as GBFS shows them.

A process keeps the shapes that it has made: together they may have a million points.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from bikerental.feeds.documents.zones import multi_polygon, world_without
from bikerental.feeds.types import ZoneRow, Zones
from bikerental.zones.constants import ZoneKind

_ZONES = """
    SELECT revision, name, kind, valid_from, valid_until, CASE WHEN revision <> ALL (%(known)s) THEN shape::text END
      FROM zones_zone
     WHERE is_active
       AND (valid_from IS NULL OR valid_from <= %(now)s) AND (valid_until IS NULL OR valid_until > %(now)s)
     ORDER BY name, id
"""


class _Kept(NamedTuple):
    """What the last reading needed: shapes by the zone's revision, and what is outside of these areas."""

    shapes: dict[int, bytes]
    areas: frozenset[int]
    outside: bytes | None


_kept = _Kept({}, frozenset(), None)


def zone_rows(*, now: datetime) -> Zones:
    """One statement, and one more if there are other service areas than the last time."""
    global _kept  # noqa: PLW0603 - one value for the process, replaced as a whole
    kept = _kept
    with connection.cursor() as cursor:
        cursor.execute(_ZONES, {"known": list(kept.shapes), "now": now})
        rows = cursor.fetchall()
    shapes = {revision: _shape(kept, revision, text) for revision, *_, text in rows}
    areas = frozenset(revision for revision, _, kind, *_ in rows if kind == ZoneKind.SERVICE_AREA)
    outside = kept.outside if areas == kept.areas else _outside(areas)
    _kept = _Kept(shapes, areas, outside)
    drawn = [ZoneRow._make((*row[1:5], shapes[row[0]])) for row in rows if shapes[row[0]]]
    return Zones(tuple(drawn), outside)


def _shape(kept: _Kept, revision: int, text: str | None) -> bytes:
    return kept.shapes[revision] if text is None else multi_polygon(_parsed(text))


def _outside(areas: frozenset[int]) -> bytes | None:
    if not areas:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT shape::text FROM zones_zone WHERE revision = ANY (%s)", [list(areas)])
        texts: Sequence[tuple[str]] = cursor.fetchall()
    return world_without(_parsed(text) for (text,) in texts)


def _parsed(text: str) -> Any:
    import shapely  # with NumPy it takes 29 MB, which a process without zones does not need

    return shapely.from_geojson(text)
