"""What billing takes and gives."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID


class Charge(NamedTuple):
    """What a ride costs its rider; nobody's where the ride is nobody's."""

    rental_id: UUID
    rider_id: UUID | None
    amount: Decimal
    currency: str


class Booking(NamedTuple):
    """What a person does to the ledger: who, why, when, and the key that makes a repetition harmless."""

    key: str
    actor_id: UUID
    reason: str
    now: datetime


class Balance(NamedTuple):
    """A positive amount: the rider owes."""

    currency: str
    amount: Decimal
