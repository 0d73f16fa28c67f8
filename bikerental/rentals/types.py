"""Plain values of the rentals app."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from bikerental.fleet.types import TariffTerms


class Place(NamedTuple):
    """Where a bike is left: at a station, or at a point in the street."""

    station_id: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None
    accepts_fee: bool = False  # for a point that the zones do not allow


class Ending(NamedTuple):
    """What the history says of a ride's end."""

    kind: str
    happened_at: datetime
    actor_id: UUID
    reason: str = ""


class Left(NamedTuple):
    """Where a ride leaves its bike, and whether it goes to maintenance there."""

    station_id: str | None
    station_name: str | None
    latitude: float | None  # where it was last, if None
    longitude: float | None
    to_maintenance: bool = False
    is_out_of_area: bool = False  # where the zones allow it for a fee alone


class HoldRow(NamedTuple):
    """An active reservation. `binds`: it has not run out, by the database's clock."""

    id: UUID
    rider_id: UUID
    bike_id: UUID
    binds: bool


class ReservationRow(NamedTuple):
    """A reservation as its rider sees it; ids as text."""

    id: str
    status: str
    bike_id: str
    bike_number: str
    model_id: str
    model_name: str
    model_propulsion: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class OperatorsEnd(NamedTuple):
    """How an operator ends a ride: why, where the bike is, and when it was left there."""

    reason: str
    place: Place | None = None  # where it was taken
    ended_at: datetime | None = None  # now


class Correction(NamedTuple):
    """What an operator takes off a ride's cost: all that an earlier end spares, an amount, or without both all."""

    ended_at: datetime | None = None
    amount: Decimal | None = None


class RentalRow(NamedTuple):
    """A rental as its rider sees it; ids and amounts as text."""

    id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    bike_id: str
    bike_number: str
    model_id: str
    model_name: str
    model_propulsion: str
    start_station_id: str | None
    start_station_name: str | None
    end_station_id: str | None
    end_station_name: str | None
    terms: TariffTerms
    is_out_of_area: bool = False
    cost_amount: str | None = None
    cost_lines: str | None = None  # JSON, as it was settled
    adjustment: str | None = None  # what was taken off since, negative
