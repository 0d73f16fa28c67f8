"""Claims about the city's last rides: of each kind one open, one accepted and one rejected.

The ledger is written afterwards. It adjusts the rides of the accepted claims.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from uuid import uuid5

from bikerental.claims.constants import ClaimKind, ClaimStatus
from bikerental.claims.models import Claim
from bikerental.demo.city import NAMESPACE, OPERATOR
from bikerental.rentals.models import Rental

DECIDED_AFTER = timedelta(hours=3)
TAKEN_OFF = Decimal("10.00")
CASES = tuple(product(ClaimKind.values, ClaimStatus.values))
TEXTS = {
    "returned_earlier": "I locked it at the station, and the ride ran on.",
    "not_unlocked": "The lock did not open. I took another bike.",
    "wrong_charge": "I rode for ten minutes and paid for an hour.",
    "not_me": "I was not in the city that day.",
    "other": "The chain came off on the bridge.",
}
ANSWERS = {"accepted": "The lock says the same.", "rejected": "The lock was opened and closed in time."}


def claims(*, ends_at: datetime) -> Iterator[Claim]:
    """Fewer in a city that has few rides with a cost."""
    rides = Rental.objects.filter(
        status=Rental.Status.SETTLED, cost_amount__gt=TAKEN_OFF, settled_at__lte=ends_at - DECIDED_AFTER
    )
    for ride, (kind, status) in zip(rides.order_by("-started_at", "-pk")[: len(CASES)], CASES, strict=False):
        settled_at: datetime = ride.settled_at or ride.started_at
        is_open = status == ClaimStatus.OPEN
        yield Claim(
            id=uuid5(NAMESPACE, f"claim {kind} {status}"),
            created_at=settled_at + timedelta(hours=1),
            rental=ride,
            rider=ride.rider,
            kind=kind,
            text=TEXTS[kind],
            status=status,
            decided_at=None if is_open else settled_at + DECIDED_AFTER,
            decided_by_id=None if is_open else OPERATOR,
            answer=ANSWERS.get(status, ""),
            adjusted_amount=TAKEN_OFF if status == ClaimStatus.ACCEPTED else None,
        )
