"""Bikes that enough riders call dangerous."""

from typing import Any

from django.db.models import Count, QuerySet

from bikerental.fleet.constants import GRAVE_KINDS, GRAVE_RIDERS, BikeStatus, ReportState
from bikerental.fleet.models import Bike, BikeReport, TakeOutLimit


def bikes_to_take_out() -> QuerySet[Bike]:
    """Those that stand in the street though GRAVE_RIDERS of their riders reported something grave. One statement."""
    return Bike.objects.filter(
        pk__in=_gravely_reported(), status__in=(BikeStatus.AVAILABLE, BikeStatus.RESERVED)
    ).order_by("pk")


def _gravely_reported() -> QuerySet[BikeReport, Any]:
    grave = BikeReport.objects.filter(state=ReportState.OPEN, kind__in=GRAVE_KINDS, counts=True)
    by_bike = grave.values("bike").annotate(riders=Count("rider", distinct=True))
    return by_bike.filter(riders__gte=GRAVE_RIDERS).values("bike")


def take_outs_are_paused() -> bool:
    """One statement."""
    return TakeOutLimit.objects.filter(paused_at__isnull=False).exists()


def take_out_figures() -> dict[str, float]:
    """For the metrics. Two statements."""
    return {
        "bikerental_take_outs_paused": float(take_outs_are_paused()),
        "bikerental_bikes_to_take_out": float(bikes_to_take_out().count()),
    }
