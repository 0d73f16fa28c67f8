"""The monthly report: the numbers of trips and riders."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from bikerental.feeds.documents.mds.envelope import VEHICLE_TYPE

HEADER = "provider_id,start_date,duration,special_group_type,geography_id,vehicle_type,trip_count,rider_count"
COUNT_SHOWN_MIN = 10
HIDDEN = -1


class MonthCounts(NamedTuple):
    trips: int
    riders: int


def report(month: date, counts: MonthCounts, provider_id: UUID) -> str:
    """One row, of all riders in the whole area: we know no special groups of riders, and publish no geographies."""
    trip_count, rider_count = map(masked, counts)
    row = f"{provider_id},{month.isoformat()},P1M,all_riders,null,{VEHICLE_TYPE},{trip_count},{rider_count}"
    return f"{HEADER}\n{row}\n"


def masked(count: int) -> int:
    """The count, or HIDDEN if it is less than COUNT_SHOWN_MIN: so few riders could be recognised."""
    return count if count >= COUNT_SHOWN_MIN else HIDDEN
