"""Plain values of the rentals app."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from bikerental.fleet.types import BikeModelRow, TariffTerms


class Place(NamedTuple):
    """Where a bike is left: at a station, or at a point in the street."""

    station_id: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None
    accepts_fee: bool = False  # for a point that the zones do not allow


class Ending(NamedTuple):
    """The history's entry about a ride's end."""

    kind: str
    happened_at: datetime
    actor_id: UUID
    reason: str = ""


class Left(NamedTuple):
    """Where a ride leaves its bike, and whether the bike goes to maintenance."""

    station_id: str | None
    station_name: str | None
    latitude: float | None  # None: where it was last
    longitude: float | None
    to_maintenance: bool = False
    is_out_of_area: bool = False  # allowed by the zones only for a fee


class HoldRow(NamedTuple):
    """An active reservation. `binds`: it has not expired, by the database's clock."""

    id: UUID
    rider_id: UUID
    bike_id: UUID
    binds: bool


class ReservationRow(NamedTuple):
    """A reservation as its rider sees it. Ids are texts."""

    id: str
    status: str
    bike_id: str
    bike_number: str
    model: BikeModelRow
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class RideEnd(NamedTuple):
    """How an operator ends a ride: the reason, where the bike is, and when it was left there."""

    reason: str
    place: Place | None = None  # None: where it was taken
    ended_at: datetime | None = None  # None: now


class Correction(NamedTuple):
    """The reduction of a ride's cost: by an earlier end, by an amount, or wholly if both are None."""

    ended_at: datetime | None = None
    amount: Decimal | None = None


class CorrectedCost(NamedTuple):
    """What a ride costs now, and what it would cost with a correction."""

    present: Decimal
    corrected: Decimal


class RentalRow(NamedTuple):
    """A rental as its rider sees it. Ids and amounts are texts."""

    id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    bike_id: str
    bike_number: str
    model: BikeModelRow
    start_station_id: str | None
    start_station_name: str | None
    end_station_id: str | None
    end_station_name: str | None
    terms: TariffTerms
    is_out_of_area: bool = False
    cost_amount: str | None = None
    cost_lines: str | None = None  # JSON, from settling
    adjustment: str | None = None  # the sum of later adjustments, negative
