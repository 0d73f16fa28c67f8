"""Returning bikes to service after a repair."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.services import bikes_return_to_service
from bikerental.maintenance.services.reports import grave_reports_resolve


@unit_of_work
def repaired_bikes_return(*, bike_ids: Sequence[UUID], operator_id: UUID, now: datetime) -> int:
    """Offer bikes to riders again, and resolve their grave reports. Returns how many are available now.

    It leaves out bikes that are ridden, reserved or retired. Locks the bikes by id.
    """
    count = bikes_return_to_service(bike_ids=bike_ids, operator_id=operator_id, now=now)
    grave_reports_resolve(bike_ids=bike_ids, now=now)
    return count
