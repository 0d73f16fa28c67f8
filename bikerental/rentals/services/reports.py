"""Riders' reports about bikes. The rides show who rode which bike."""

from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.maintenance.services import ReportMade, bike_report_create
from bikerental.rentals.selectors import has_ridden_lately


@unit_of_work
def rider_report(*, rider_id: UUID, bike_id: UUID, kind: str, text: str, now: datetime) -> ReportMade:
    """Create a rider's report about a bike. It counts if the rider rode the bike lately, or rides it.

    :raises AccountClosedError, BikeNotFoundError, ThrottledError: as `bike_report_create`
    """
    counts = has_ridden_lately(rider_id=rider_id, bike_id=bike_id, now=now)
    return bike_report_create(bike_id=bike_id, rider_id=rider_id, kind=kind, text=text, counts=counts, now=now)
