"""Bikes by distance, nearest first.

The index orders points by degrees on a flat map, which is the wrong order on a globe: a degree of longitude is shorter
than one of latitude, and the 180th meridian has two sides. So the walk through the index only gives a bound: among any
n bikes, the farthest is at least as far as the n-th nearest of all. Within that bound the exact distances decide. Both
steps read a multiple of the page's rows, however many bikes there are.

The walk has a limit inside a limit. The inner query has no filter that PostgreSQL could misjudge (it estimates any box
at a thousandth of the table, and would rather sort a whole city). The outer one stops it as soon as enough bikes pass
the filters.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Q, QuerySet

from bikerental.core.db.columns import Columns
from bikerental.core.db.keyset import Cursor, Page, statement_limit
from bikerental.core.db.statements import Compiled, Samples, Select, Statement
from bikerental.core.geometry import Box, Position, boxes_around, distance_m
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import Bike
from bikerental.fleet.selectors.bikes import BIKE, bikes_filter, filter_values
from bikerental.fleet.selectors.geometry import Within, metres_to
from bikerental.fleet.types import BikeFilters, Circle, NearBike

# Beyond this number the walk for a page takes as long as it saves.
WANTED_MAX = 10_000
# At most this many bikes are read for the wanted ones. Rarer bikes are found with the other indexes.
WALK_MAX = 50_000
_WALK = """
    (SELECT id, latitude, longitude
       FROM (SELECT id, latitude, longitude, status, station_id, model_id
               FROM fleet_bike
              ORDER BY point(longitude, latitude) <-> point(%s, %s)
              LIMIT {walk_max}) AS near
      WHERE {conditions}
      LIMIT {wanted})
"""
_NEAR_BIKE = Columns(NearBike, bike=BIKE, distance_m=F("distance"))
_IS_LENT = "(station_id IS NULL OR station_id NOT IN (SELECT id FROM fleet_station WHERE NOT is_renting))"
_CENTRE: dict[str, type] = {"latitude": float, "longitude": float}
_FILTERS: dict[str, Any] = {"station_id": UUID, "model_id": UUID, "number_key": str}


# `seen` is the approximate number of rows before the cursor's place.
NEAR_ORDER = ("distance_m", "bike_id", "seen")


class NearKeys(NamedTuple):
    """The keys of a cursor in NEAR_ORDER. The default is the start of the list."""

    distance_m: float = -1.0  # before every bike
    bike_id: UUID = UUID(int=0)
    seen: int = 0


def bikes_near(
    *, circle: Circle, filters: BikeFilters, page: Page[NearBike], using: str = DEFAULT_DB_ALIAS
) -> Page[NearBike]:
    """Bikes in NEAR_ORDER. At most two statements."""
    start = NearKeys(*page.cursor.keys) if page.cursor else NearKeys()
    fill = _filled_backward if page.is_backward else _filled_forward
    return fill(circle, filters, page, start, using)


def _filled_forward(
    circle: Circle, filters: BikeFilters, page: Page[NearBike], start: NearKeys, using: str
) -> Page[NearBike]:
    wanted = start.seen + page.limit
    bound = distance_bound(filters, circle, wanted, using=using)
    rows, has_more = page.cut(_rows(circle, filters, page, start, bound, using))
    following = previous = None
    if has_more:
        following = Cursor(_keys_of(rows[-1], seen=start.seen + page.size))
    elif bound < circle.radius_m:
        # Bikes have moved since the earlier pages, and the walk met too many of them again. The rows beyond the bound
        # are on the next page.
        last = _keys_of(rows[-1], seen=0) if rows else start
        following = Cursor(last._replace(seen=wanted * 2))
    if rows and start.distance_m >= 0:
        previous = Cursor(_keys_of(rows[0], seen=start.seen), is_backward=True)
    return page._replace(rows=rows, next=following, previous=previous)


def _filled_backward(
    circle: Circle, filters: BikeFilters, page: Page[NearBike], start: NearKeys, using: str
) -> Page[NearBike]:
    bound = min(start.distance_m, circle.radius_m)
    rows, has_more = page.cut(_rows(circle, filters, page, start, bound, using))
    following, previous = Cursor(()), None
    if rows:
        following = Cursor(_keys_of(rows[-1], seen=start.seen))
    if has_more:
        seen = max(0, start.seen - page.size)
        previous = Cursor(_keys_of(rows[0], seen=seen), is_backward=True)
    return page._replace(rows=rows, next=following, previous=previous)


def distance_bound(filters: BikeFilters, circle: Circle, wanted: int, *, using: str = DEFAULT_DB_ALIAS) -> float:
    """A distance that includes the `wanted` nearest bikes, or all in the circle. One statement."""
    if wanted > WANTED_MAX or filters.number_key is not None:  # a number belongs to one bike, which needs no walk
        return circle.radius_m
    met = {
        bike_id: distance_m(circle.centre, Position(latitude, longitude))
        for bike_id, latitude, longitude in _walk(filters, circle, wanted, using)
    }
    if len(met) < wanted:
        return circle.radius_m
    farthest = sorted(met.values())[wanted - 1]
    # Slightly more: PostgreSQL's sine may differ from Python's in the last bit.
    return min(farthest * (1 + 1e-9) + 1e-6, circle.radius_m)


def _walk(filters: BikeFilters, circle: Circle, wanted: int, using: str) -> list[tuple[UUID, float, float]]:
    """Bikes near the centre by the flat map, from both sides if the circle meets the 180th meridian.

    Sometimes more than wanted, which only makes the bound smaller.
    """
    latitude, longitude = circle.centre
    values = {"latitude": latitude, "longitude": longitude} | filter_values(filters)
    if len(boxes_around(*circle)) > 1:
        values["longitude_over"] = longitude - 360 if longitude > 0 else longitude + 360
    return _walk_statement(filters.status, tuple(values), _wanted_written(wanted)).all(using=using, **values)


def _wanted_written(wanted: int) -> int:
    """As `statement_limit`, but in steps of four times: the walk also covers the pages before."""
    written = statement_limit(wanted)
    while written < wanted:
        written *= 4
    return written


@lru_cache(maxsize=256)
def _walk_statement(status: str | None, names: tuple[str, ...], wanted: int) -> Statement:
    def build(v: Samples) -> Compiled:
        given = {name: v[name] for name in _FILTERS if name in v} | ({} if status is None else {"status": status})
        conditions = [f"{name} = %s" for name in given]
        if status is None:  # as in `bikes_filter`
            conditions.append("status <> 'retired'")
        if status == BikeStatus.AVAILABLE:
            conditions.append(_IS_LENT)
        where = " AND ".join(conditions)
        sql = _WALK.format(walk_max=WALK_MAX, conditions=where, wanted=wanted)
        sides = [v[name] for name in ("longitude", "longitude_over") if name in v]
        parameters = [value for side in sides for value in (side, v["latitude"], *given.values())]
        return " UNION ALL ".join([sql] * len(sides)), tuple(parameters)

    types = _CENTRE | _FILTERS | {"longitude_over": float}
    return Statement(build, **{name: types[name] for name in names})


def _rows(
    circle: Circle, filters: BikeFilters, page: Page[NearBike], start: NearKeys, bound: float, using: str
) -> Iterator[NearBike]:
    """The rows within the bound after the start, nearest first. Backwards, the rows before it, farthest first."""
    boxes = boxes_around(circle.centre, bound)
    values = dict(circle.centre._asdict(), bound=bound) | filter_values(filters)
    for number, box in enumerate(boxes):
        values |= {f"{side}_{number}": degrees for side, degrees in box._asdict().items()}
    if start.distance_m >= 0:
        values |= {"cursor_distance_m": start.distance_m, "cursor_id": start.bike_id}
    statement = _page_statement(
        filters.status, tuple(values), len(boxes), page.is_backward, statement_limit(page.limit)
    )
    return statement.rows(using=using, **values)


@lru_cache(maxsize=256)
def _page_statement(
    status: str | None, names: tuple[str, ...], boxes: int, is_backward: bool, limit: int
) -> Select[NearBike]:
    def bikes(v: Samples) -> QuerySet[Bike]:
        within = Within.any_of(Box(*(v[f"{side}_{number}"] for side in Box._fields)) for number in range(boxes))
        distance = metres_to(Position(v["latitude"], v["longitude"]))
        order = ("-distance", "-pk") if is_backward else ("distance", "pk")
        filters = BikeFilters(status, v.get("station_id"), v.get("model_id"), number_key=v.get("number_key"))
        found = bikes_filter(filters).annotate(distance=distance).filter(within, distance__lte=v["bound"])
        if "cursor_id" in v:
            found = found.filter(_beyond(v["cursor_distance_m"], v["cursor_id"], is_backward=is_backward))
        # First select the bikes, then join the shown columns. A single query would make PostgreSQL read every station.
        page = Bike.objects.filter(pk__in=found.order_by(*order)[:limit].values("pk")).annotate(distance=distance)
        return page.order_by(*order)

    types = _FILTERS | {"cursor_id": UUID}
    return Select(_NEAR_BIKE, bikes, **{name: types.get(name, float) for name in names})


def _beyond(distance: float, bike_id: UUID, *, is_backward: bool) -> Q:
    if is_backward:
        return Q(distance__lt=distance) | Q(distance=distance, pk__lt=bike_id)
    return Q(distance__gt=distance) | Q(distance=distance, pk__gt=bike_id)


def _keys_of(near: NearBike, *, seen: int) -> NearKeys:
    return NearKeys(near.distance_m, near.bike_id, seen)
