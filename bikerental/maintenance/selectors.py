"""Bikes with enough grave reports, and the reports and uploads of users."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bikerental.core.db.keyset import rows_in_pages
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import Bike
from bikerental.maintenance.constants import GRAVE_KINDS, GRAVE_RIDERS, ReportState
from bikerental.maintenance.models import BikeReport, PhotoUpload, TakeOutLimit


def bikes_to_take_out() -> QuerySet[Bike]:
    """Bikes that nobody rides, with open grave reports from at least GRAVE_RIDERS of their riders. One statement."""
    return Bike.objects.filter(
        pk__in=_gravely_reported(), status__in=(BikeStatus.AVAILABLE, BikeStatus.RESERVED)
    ).order_by("pk")


def grave_reports_of(bike: str) -> Exists:
    """Whether a rider of the bike has an open grave report about it.

    :param bike: the path to the bike's id in the outer query
    """
    return Exists(_grave().filter(bike=OuterRef(bike)))


def _grave() -> QuerySet[BikeReport]:
    return BikeReport.objects.filter(state=ReportState.OPEN, kind__in=GRAVE_KINDS, counts=True)


def _gravely_reported() -> QuerySet[BikeReport, Any]:
    by_bike = _grave().values("bike").annotate(riders=Count("rider", distinct=True))
    return by_bike.filter(riders__gte=GRAVE_RIDERS).values("bike")


def take_outs_are_paused() -> bool:
    """One statement."""
    return TakeOutLimit.objects.filter(paused_at__isnull=False).exists()


def take_out_metrics() -> dict[str, float]:
    """Figures for the metrics. Two statements."""
    return {
        "bikerental_take_outs_paused": float(take_outs_are_paused()),
        "bikerental_bikes_to_take_out": float(bikes_to_take_out().count()),
    }


def reports_of_rider(*, rider_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """A rider's reports, in pages. One statement each."""
    fields = ("id", "bike__number", "kind", "text", "state", "created_at", "closed_at", "photo")
    return rows_in_pages(BikeReport.objects.filter(rider=rider_id).values(*fields))


def uploads_of_user(*, user_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """A user's uploads, including unfinished ones, in pages. One statement each."""
    fields = ("id", "bike__number", "report_id", "state", "code", "created_at", "confirmed_at", "published_at")
    return rows_in_pages(PhotoUpload.objects.filter(uploader=user_id).values(*fields))


def bikes_with_reports() -> QuerySet[Bike]:
    """Bikes with `open_reports_count`. One statement."""
    open_ones = BikeReport.objects.filter(bike=OuterRef("pk"), state=ReportState.OPEN)
    counts = open_ones.order_by().values("bike").annotate(number_of=Count("pk")).values("number_of")
    return Bike.objects.annotate(open_reports_count=Coalesce(Subquery(counts, output_field=IntegerField()), 0))
