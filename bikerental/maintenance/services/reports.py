"""Riders' reports of defects, and their effects."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import ThrottledError
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.fleet.locks import bikes_lock
from bikerental.fleet.models import Bike
from bikerental.maintenance.constants import (
    GRAVE_KINDS,
    OPEN_REPORTS_MAX,
    ReportState,
    UploadState,
)
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.services.taking_out import reported_bike_take_out
from bikerental.media.exceptions import PhotoExpiredError
from bikerental.users.locks import open_user_lock

TOO_MANY_SECONDS = 3600.0
UNFINISHED = (UploadState.PENDING, UploadState.CONFIRMED)


class ReportMade(NamedTuple):
    """`is_new` is false for an open report of the same kind that the rider had made before."""

    report: BikeReport
    is_new: bool


@unit_of_work
def bike_report_create(
    *, bike_id: UUID, rider_id: UUID, kind: str, text: str, counts: bool, now: datetime
) -> ReportMade:
    """Create the report. If the rider has an open one of the same kind, that one is kept.

    Enough riders with a grave report that counts take the bike out of service. A bike during a ride is taken out by
    the sweep after its return. Locks the rider, then the bike, so that of two reports at once one counts the other.

    :param counts: whether the rider knows the bike: rode it lately, or rides it
    :raises AccountClosedError: if the account was closed meanwhile
    :raises BikeNotFoundError: if there is none
    :raises ThrottledError: if the rider has OPEN_REPORTS_MAX open ones
    """
    open_user_lock(user_id=rider_id)
    bikes_lock(bike_ids=[bike_id])
    if not Bike.objects.filter(pk=bike_id).exists():
        raise BikeNotFoundError
    open_ones = BikeReport.objects.filter(rider=rider_id, state=ReportState.OPEN)
    before = open_ones.filter(bike=bike_id, kind=kind).first()
    if before is None and open_ones.count() >= OPEN_REPORTS_MAX:
        raise ThrottledError(retry_after=TOO_MANY_SECONDS)
    report = before or BikeReport(bike_id=bike_id, rider_id=rider_id, kind=kind, text=text, created_at=now)
    if before is None or counts > before.counts:  # the rider has ridden the bike since then
        report.counts = counts
        report.save()
    if kind in GRAVE_KINDS and counts:
        reported_bike_take_out(bike_id=bike_id, now=now)
    return ReportMade(report, before is None)


@unit_of_work
def reports_close(*, report_ids: Sequence[UUID], state: ReportState, now: datetime) -> int:
    """Mark open reports as resolved or dismissed. Returns how many. Bikes stay as they are."""
    reports = BikeReport.objects.filter(pk__in=report_ids, state=ReportState.OPEN)
    return reports.update(state=state, closed_at=now)


def grave_reports_resolve(*, bike_ids: Sequence[UUID], now: datetime) -> int:
    """Resolve the grave reports of bikes that an operator returns to service. The caller has locked the bikes."""
    reports = BikeReport.objects.filter(bike__in=bike_ids, state=ReportState.OPEN, kind__in=GRAVE_KINDS)
    return reports.exclude(bike__status=BikeStatus.RENTED).update(state=ReportState.RESOLVED, closed_at=now)


@unit_of_work
def reports_forget(*, rider_id: UUID) -> None:
    """Erase texts and photos of a rider's reports. The kinds stay, without a rider.

    No row names the photos any more, so the sweep of orphans deletes them.
    """
    uploads = PhotoUpload.objects.filter(report__rider=rider_id, state__in=UNFINISHED)
    uploads.update(state=UploadState.REFUSED, code=PhotoExpiredError.field_code)
    BikeReport.objects.filter(rider=rider_id).update(text="", photo="")
