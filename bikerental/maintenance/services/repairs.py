"""An operator who offers a bike again says that it is mended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.services import bike_return_to_service, bikes_return_to_service
from bikerental.maintenance.services.reports import grave_reports_resolve


@unit_of_work
def repaired_bike_return(*, bike_id: UUID, now: datetime) -> None:
    """Offer a bike to riders again: whatever grave was reported counts as mended.

    :raises BikeNotFoundError, BikeUnavailableError: as `bike_return_to_service`
    """
    bike_return_to_service(bike_id=bike_id)
    grave_reports_resolve(bike_ids=[bike_id], now=now)


@unit_of_work
def repaired_bikes_return(*, bike_ids: Sequence[UUID], now: datetime) -> int:
    """As for one, but leaves out those rented. Returns how many it is for. Locks the bikes by id."""
    count = bikes_return_to_service(bike_ids=bike_ids)
    grave_reports_resolve(bike_ids=bike_ids, now=now)
    return count
