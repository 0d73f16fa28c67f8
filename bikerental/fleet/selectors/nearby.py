"""Bikes by distance, nearest first.

The index walks points by degrees on a flat map, which on a globe is the wrong order: a degree of
longitude is shorter than one of latitude, and the 180th meridian has two sides. So the walk only
bounds: among any n bikes the farthest is at least as far as the n-th nearest of all. Within that
bound the exact distances decide. Both steps touch some multiple of the page, however many bikes
there are.
"""

from typing import Any

from django.db.models import F, Q, QuerySet

from bikerental.core.geo import Box, Position, boxes_around
from bikerental.fleet.models import Bike
from bikerental.fleet.selectors.bikes import BIKE_COLUMNS, bikes_filter
from bikerental.fleet.selectors.geometry import DegreesTo, Within, metres_to
from bikerental.fleet.types import BikeFilters, Circle, NearCursor, NearPage

# From here on the walk costs as much as it saves.
WALK_MAX = 10_000


def bikes_near(*, circle: Circle, filters: BikeFilters, cursor: NearCursor, limit: int) -> NearPage:
    """A page of BIKE_COLUMNS, then the distance in metres, then the id. Two statements at most."""
    bikes = bikes_filter(filters).annotate(distance=metres_to(circle.centre))
    if cursor.backward:
        return _page_before(bikes, circle, cursor, limit)
    return _page_after(bikes, circle, cursor, limit)


def _page_after(bikes: QuerySet[Bike], circle: Circle, cursor: NearCursor, limit: int) -> NearPage:
    wanted = cursor.seen + limit + 1
    bound = _distance_bound(bikes, circle, wanted)
    beyond = Q(distance__gt=cursor.distance_m) | Q(distance=cursor.distance_m, pk__gt=cursor.bike_id)
    rows = list(_rows(bikes, circle.centre, bound).filter(beyond).order_by("distance", "pk")[: limit + 1])
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


def _page_before(bikes: QuerySet[Bike], circle: Circle, cursor: NearCursor, limit: int) -> NearPage:
    nearer = Q(distance__lt=cursor.distance_m) | Q(distance=cursor.distance_m, pk__lt=cursor.bike_id)
    bound = min(cursor.distance_m, circle.radius_m)
    rows = list(_rows(bikes, circle.centre, bound).filter(nearer).order_by("-distance", "-pk")[: limit + 1])
    page = rows[:limit][::-1]
    seen = max(0, cursor.seen - len(page))
    previous = _place_of(page[0], seen=seen, backward=True) if len(rows) > limit else None
    following = _place_of(page[-1], seen=cursor.seen) if page else NearCursor()
    return NearPage(page, following, previous)


def _distance_bound(bikes: QuerySet[Bike], circle: Circle, wanted: int) -> float:
    """A distance within which lie the `wanted` nearest bikes, or all in the circle. One statement."""
    if wanted > WALK_MAX:
        return circle.radius_m
    walks = [_walk(bikes, circle.centre, box)[:wanted] for box in boxes_around(*circle)]
    met = walks[0] if len(walks) == 1 else walks[0].union(*walks[1:], all=True)
    distances = sorted(met)
    return min(distances[wanted - 1], circle.radius_m) if len(distances) >= wanted else circle.radius_m


def _walk(bikes: QuerySet[Bike], centre: Position, box: Box) -> QuerySet[Bike, float]:
    longitude = centre.longitude
    if longitude - box.east > 180:  # the box lies over the 180th meridian
        longitude -= 360
    elif box.west - longitude > 180:
        longitude += 360
    walk = bikes.filter(Within(box)).order_by(DegreesTo(longitude, centre.latitude))
    return walk.values_list("distance", flat=True)


def _rows(bikes: QuerySet[Bike], centre: Position, bound: float) -> QuerySet[Bike, tuple[Any, ...]]:
    inside = bikes.filter(Within.any_of(boxes_around(centre, bound)), distance__lte=bound)
    return inside.values_list(*BIKE_COLUMNS, F("distance"), F("pk"))


def _place_of(row: tuple[Any, ...], *, seen: int, backward: bool = False) -> NearCursor:
    return NearCursor(distance_m=row[-2], bike_id=row[-1], seen=seen, backward=backward)
