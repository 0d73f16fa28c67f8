"""PostgreSQL's geometry in Django's expressions.

The point is written exactly as in the GiST index `bike_position`, otherwise the index is not used.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import BooleanField, F, Field, Func, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import ASin, Cos, Least, Radians, Sin, Sqrt

from bikerental.core.geometry import EARTH_RADIUS_M, Box, Position


class _Geometry(Field):  # type: ignore[type-arg] # holds nothing: it only names a type that Django does not know
    """The type of a point or a box, for Django."""


def _point(longitude: F | float, latitude: F | float) -> Func:
    return Func(longitude, latitude, function="point", output_field=_Geometry())


def _place() -> Func:
    return _point(F("longitude"), F("latitude"))


class Within(Func):
    """Whether the row's point is in the box, with the index."""

    template = "%(expressions)s"
    arg_joiner = " <@ "
    output_field = BooleanField()

    def __init__(self, box: Box) -> None:
        corners = _point(box.west, box.south), _point(box.east, box.north)
        super().__init__(_place(), Func(*corners, function="box", output_field=_Geometry()))

    @staticmethod
    def any_of(boxes: Iterable[Box]) -> Q:
        return reduce(or_, (Q(Within(box)) for box in boxes))


def between_any(boxes: Iterable[Box]) -> Q:
    """Whether the row is in one of the boxes, by its columns and without the index of points."""
    return reduce(
        or_,
        (Q(longitude__range=(box.west, box.east), latitude__range=(box.south, box.north)) for box in boxes),
    )


def metres_to(centre: Position) -> CombinedExpression:
    """`core.geometry.distance_m` in SQL: the great-circle distance from the row to the centre, in metres."""
    half_latitude = Sin(Radians(F("latitude") - centre.latitude) / 2)
    half_longitude = Sin(Radians(F("longitude") - centre.longitude) / 2)
    across = Cos(Radians(Value(centre.latitude))) * Cos(Radians(F("latitude"))) * half_longitude * half_longitude
    chord = Sqrt(half_latitude * half_latitude + across)
    return Value(2 * EARTH_RADIUS_M) * ASin(Least(Value(1.0), chord))
