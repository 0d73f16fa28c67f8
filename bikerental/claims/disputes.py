"""The rides in dispute. Their charges do not count when DEBT_LIMIT is checked."""

from uuid import UUID

from django.db.models import QuerySet

from bikerental.claims.models import Claim
from bikerental.claims.selectors import open_claims


def disputed_rides(rider_id: UUID) -> QuerySet[Claim, UUID]:
    """The ids of the rider's rides with an open claim."""
    return open_claims().filter(rider=rider_id).values_list("rental_id", flat=True)
