"""Plain values of the claims app."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from bikerental.rentals.types import Correction, Place


class Complaint(NamedTuple):
    """A rider's claim about a ride. Without a place, the bike was left where it was taken."""

    kind: str
    text: str = ""
    ended_at: datetime | None = None  # when the bike was returned
    place: Place | None = None  # and where


class Decision(NamedTuple):
    """An operator's decision. Without a correction the claim is rejected."""

    reason: str
    correction: Correction | None = None


class ClaimRow(NamedTuple):
    """A claim as its rider sees it."""

    id: UUID
    rental_id: UUID
    kind: str
    text: str
    status: str
    created_at: datetime
    decided_at: datetime | None
    answer: str
    adjusted_amount: Decimal | None
    currency: str


class ClaimedPlace(NamedTuple):
    """When and where the bike was returned, as the rider says."""

    ended_at: datetime | None
    station: UUID | None
    latitude: float | None
    longitude: float | None
