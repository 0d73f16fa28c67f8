"""Reports and uploads of a rider, and the bikes with reports."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bikerental.core.db.keyset import rows_in_pages
from bikerental.fleet.constants import ReportState
from bikerental.fleet.models import Bike, BikeReport, PhotoUpload


def reports_of_rider(*, rider_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """What a rider has reported, in pages. One statement each."""
    fields = ("id", "bike__number", "kind", "text", "state", "created_at", "closed_at", "photo")
    return rows_in_pages(BikeReport.objects.filter(rider=rider_id).values(*fields))


def uploads_of_user(*, user_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """What somebody has uploaded, or was about to, in pages. One statement each."""
    fields = ("id", "bike__number", "report_id", "state", "code", "created_at", "confirmed_at", "published_at")
    return rows_in_pages(PhotoUpload.objects.filter(uploader=user_id).values(*fields))


def bikes_with_reports() -> QuerySet[Bike]:
    """With `open_reports_count`. One statement."""
    open_ones = BikeReport.objects.filter(bike=OuterRef("pk"), state=ReportState.OPEN)
    counts = open_ones.order_by().values("bike").annotate(number_of=Count("pk")).values("number_of")
    return Bike.objects.annotate(open_reports_count=Coalesce(Subquery(counts, output_field=IntegerField()), 0))
