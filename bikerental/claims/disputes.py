"""Which rides are in dispute: their charges do not count against who may rent."""

from uuid import UUID

from django.db.models import QuerySet

from bikerental.claims.models import Claim
from bikerental.claims.selectors import claims_open


def disputed_rides(rider_id: UUID) -> QuerySet[Claim, UUID]:
    """Their ids."""
    return claims_open().filter(rider=rider_id).values_list("rental_id", flat=True)
