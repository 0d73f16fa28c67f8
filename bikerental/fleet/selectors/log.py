"""Reads of the log of bikes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from bikerental.fleet.models import Bike, BikeEvent


def bikes_off_log() -> QuerySet[Bike]:
    """Bikes whose last row in the log has another state than the bike, or that have no row. `last_state` is added.

    One statement, with one index lookup for each bike.
    """
    return _with_last_state().filter(Q(last_state=None) | ~Q(last_state=F("status"))).order_by("pk")


def bikes_contradicted_by_log() -> QuerySet[Bike]:
    """The bikes among them that have a row. One statement."""
    return _with_last_state().exclude(Q(last_state=None) | Q(last_state=F("status"))).order_by("pk")


def _with_last_state() -> QuerySet[Any]:
    last = BikeEvent.objects.filter(bike=OuterRef("pk")).order_by("-pk").values("state")[:1]
    return Bike.objects.annotate(last_state=Subquery(last))


def bikes_moved_at(*, bike_ids: Sequence[UUID], now: datetime) -> list[Bike]:
    """Those of the bikes that have an event of this moment. One statement."""
    moved = BikeEvent.objects.filter(happened_at=now, bike__in=bike_ids)
    return list(Bike.objects.filter(pk__in=moved.values("bike")).order_by("pk"))
