"""Bikes by distance, nearest first.

The index walks points by degrees on a flat map, which on a globe is the wrong order: a degree of
longitude is shorter than one of latitude, and the 180th meridian has two sides. So the walk only
bounds: among any n bikes the farthest is at least as far as the n-th nearest of all. Within that
bound the exact distances decide. Both steps touch some multiple of the page, however many bikes
there are.

The walk has a limit inside a limit. The inner one holds nothing that PostgreSQL could misjudge (it
takes any box for a thousandth of the table, and would rather sort a whole city), the outer one
stops it as soon as enough bikes pass the filters.
"""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import F, Q, QuerySet

from bikerental.core.geo import Position, boxes_around, distance_m
from bikerental.fleet.selectors.bikes import BIKE_COLUMNS, bikes_filter
from bikerental.fleet.selectors.geometry import Within, metres_to
from bikerental.fleet.types import BikeFilters, BikeRow, Circle, NearBike, NearCursor, NearPage

# From here on the walk for one page costs as much as it saves.
WANTED_MAX = 10_000
# So many bikes are looked at for those wanted. What is rarer still, the other indexes find.
WALK_MAX = 50_000
_WALK = """
    (SELECT id, latitude, longitude
       FROM (SELECT id, latitude, longitude, status, station_id, model_id
               FROM fleet_bike
              ORDER BY point(longitude, latitude) <-> point(%(longitude{side})s, %(latitude)s)
              LIMIT %(walk_max)s) AS near
      WHERE (%(status)s IS NULL OR status = %(status)s)
        AND (%(station_id)s IS NULL OR station_id = %(station_id)s)
        AND (%(model_id)s IS NULL OR model_id = %(model_id)s)
      LIMIT %(wanted)s)
"""


def bikes_near(
    *, circle: Circle, filters: BikeFilters, cursor: NearCursor, limit: int, using: str = DEFAULT_DB_ALIAS
) -> NearPage:
    """Two statements at most."""
    bikes: QuerySet[Any] = bikes_filter(filters).using(using).annotate(distance=metres_to(circle.centre))
    if cursor.backward:
        return _page_before(bikes, circle, cursor, limit)
    return _page_after(bikes, filters, circle, cursor, limit)


def _page_after(bikes: QuerySet[Any], filters: BikeFilters, circle: Circle, cursor: NearCursor, limit: int) -> NearPage:
    wanted = cursor.seen + limit + 1
    bound = distance_bound(filters, circle, wanted, using=bikes.db)
    beyond = Q(distance__gt=cursor.distance_m) | Q(distance=cursor.distance_m, pk__gt=cursor.bike_id)
    rows = list(
        map(_near_bike, _rows(bikes, circle.centre, bound).filter(beyond).order_by("distance", "pk")[: limit + 1])
    )
    page = rows[:limit]
    following = None
    if len(rows) > limit:
        following = _place_of(page[-1], seen=cursor.seen + limit)
    elif bound < circle.radius_m:
        # Bikes have moved since the earlier pages, and the walk met too many of them again.
        # What lies beyond the bound is the next page's.
        last = _place_of(page[-1], seen=0) if page else cursor
        following = last._replace(seen=wanted * 2)
    previous = _place_of(page[0], seen=cursor.seen, backward=True) if page and cursor.distance_m >= 0 else None
    return NearPage(page, following, previous)


def _page_before(bikes: QuerySet[Any], circle: Circle, cursor: NearCursor, limit: int) -> NearPage:
    nearer = Q(distance__lt=cursor.distance_m) | Q(distance=cursor.distance_m, pk__lt=cursor.bike_id)
    bound = min(cursor.distance_m, circle.radius_m)
    rows = list(
        map(_near_bike, _rows(bikes, circle.centre, bound).filter(nearer).order_by("-distance", "-pk")[: limit + 1])
    )
    page = rows[:limit][::-1]
    seen = max(0, cursor.seen - len(page))
    previous = _place_of(page[0], seen=seen, backward=True) if len(rows) > limit else None
    following = _place_of(page[-1], seen=cursor.seen) if page else NearCursor()
    return NearPage(page, following, previous)


def distance_bound(filters: BikeFilters, circle: Circle, wanted: int, *, using: str = DEFAULT_DB_ALIAS) -> float:
    """A distance within which lie the `wanted` nearest bikes, or all in the circle. One statement."""
    if wanted > WANTED_MAX:
        return circle.radius_m
    met = {
        bike_id: distance_m(circle.centre, Position(latitude, longitude))
        for bike_id, latitude, longitude in _walk(filters, circle, wanted, using)
    }
    if len(met) < wanted:
        return circle.radius_m
    farthest = sorted(met.values())[wanted - 1]
    # A hair more: PostgreSQL's sine may differ from Python's in the last bit.
    return min(farthest * (1 + 1e-9) + 1e-6, circle.radius_m)


def _walk(filters: BikeFilters, circle: Circle, wanted: int, using: str) -> list[tuple[Any, ...]]:
    """Bikes near the centre by the flat map; from both sides where the circle meets the 180th meridian."""
    latitude, longitude = circle.centre
    sides = {"": longitude, "_over": longitude - 360 if longitude > 0 else longitude + 360}
    if len(boxes_around(*circle)) == 1:
        del sides["_over"]
    values: dict[str, Any] = {"latitude": latitude, "walk_max": WALK_MAX, "wanted": wanted}
    values |= {"status": filters.status, "station_id": filters.station_id, "model_id": filters.model_id}
    values |= {f"longitude{side}": value for side, value in sides.items()}
    with connections[using].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_WALK.format(side=side) for side in sides), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _rows(bikes: QuerySet[Any], centre: Position, bound: float) -> QuerySet[Any, tuple[Any, ...]]:
    inside = bikes.filter(Within.any_of(boxes_around(centre, bound)), distance__lte=bound)
    return inside.values_list(*BIKE_COLUMNS, F("distance"), F("pk"))


def _near_bike(row: tuple[Any, ...]) -> NearBike:
    return NearBike(BikeRow._make(row[:-2]), row[-2], row[-1])


def _place_of(near: NearBike, *, seen: int, backward: bool = False) -> NearCursor:
    return NearCursor(distance_m=near.distance_m, bike_id=near.bike_id, seen=seen, backward=backward)
