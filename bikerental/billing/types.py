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
    """What a rider owes in a currency; where the amount is negative, what the rider has paid beyond it."""

    currency: str
    amount: Decimal
    disputed: Decimal  # so much of it is for rides in dispute


class RiderEntry(NamedTuple):
    """An entry as the rider sees it: a positive amount adds to what is owed."""

    id: UUID
    kind: str
    amount: Decimal
    currency: str
    rental_id: UUID | None
    reason: str
    created_at: datetime
