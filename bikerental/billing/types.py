"""Plain values of the billing app."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID


class Charge(NamedTuple):
    """The cost of a ride for its rider. The rider is None for an anonymous ride."""

    rental_id: UUID
    rider_id: UUID | None
    amount: Decimal
    currency: str


class Booking(NamedTuple):
    """A manual booking: who, why, when, and a key with which a repetition has no further effect."""

    key: str
    actor_id: UUID
    reason: str
    now: datetime


class Balance(NamedTuple):
    """The debt of a rider in a currency. If negative, the rider has paid more than was charged."""

    currency: str
    amount: Decimal
    disputed: Decimal  # the part of it that is for rides in dispute


class RiderEntry(NamedTuple):
    """An entry as the rider sees it. A positive amount increases the debt."""

    id: UUID
    kind: str
    amount: Decimal
    currency: str
    rental_id: UUID | None
    reason: str
    created_at: datetime


class Posted(NamedTuple):
    """The sums of a period in one currency. Adjustments and refunds are positive too."""

    currency: str
    charged: Decimal
    adjusted: Decimal
    refunded: Decimal
