"""Reads of the log of bikes."""

from typing import Any

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
