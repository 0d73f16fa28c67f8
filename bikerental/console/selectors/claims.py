"""The queue of claims."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from bikerental.claims.constants import ClaimStatus
from bikerental.claims.exceptions import ClaimNotFoundError
from bikerental.claims.models import Claim
from bikerental.console.constants import FOUND_LENGTH, LIST_LENGTH


class Claims(NamedTuple):
    open: Sequence[Claim]  # the oldest first
    decided: Sequence[Claim]  # the newest first


def claims_queue() -> Claims:
    """Two statements."""
    claims = claims_all()
    waiting = claims.filter(status=ClaimStatus.OPEN).order_by("created_at", "id")
    decided = claims.exclude(status=ClaimStatus.OPEN).order_by("-created_at", "-id")
    return Claims(list(waiting[:LIST_LENGTH]), list(decided[:FOUND_LENGTH]))


def claims_all() -> QuerySet[Claim]:
    """Of all states, with ride, bike, rider and operator."""
    return Claim.objects.select_related("rental__bike", "rider", "decided_by")


def claim_of(*, claim_id: UUID) -> Claim:
    """With its ride, rider and operator. One statement.

    :raises ClaimNotFoundError: if there is none
    """
    claim = Claim.objects.select_related("rental", "rider", "station", "decided_by").filter(pk=claim_id).first()
    if claim is None:
        raise ClaimNotFoundError
    return claim


def earlier_claims(*, claim: Claim) -> Sequence[Claim]:
    """The rider's other claims, the newest first. One statement."""
    others = Claim.objects.filter(rider=claim.rider_id).exclude(pk=claim.pk).select_related("rental__bike")
    return list(others.order_by("-created_at", "-id")[:FOUND_LENGTH])
