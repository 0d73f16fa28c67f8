"""The checks of this app for `manage.py reconcile`."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.models import Posting
from bikerental.claims.constants import ClaimStatus
from bikerental.claims.models import Claim
from bikerental.rentals.reconciliation import Window


def decisions_without_entry(window: Window) -> QuerySet[Any, Any]:
    """Accepted claims without an adjustment of the ride, or with one of another amount."""
    taken_off = Posting.objects.filter(
        entry__claim_id=OuterRef("pk"),
        entry__rental_id=OuterRef("rental_id"),
        entry__kind=EntryKind.ADJUSTMENT,
        account__kind=AccountKind.RIDER,
        amount=-OuterRef("adjusted_amount"),
    )
    accepted = Claim.objects.filter(~Exists(taken_off), status=ClaimStatus.ACCEPTED).order_by()
    if window.since is not None:
        accepted = accepted.filter(decided_at__gte=window.since)
    return accepted.values_list("pk")


CHECKS = {"decisions_without_entry": decisions_without_entry}
MEANINGS = {"decisions_without_entry": "accepted claims that took nothing off, or another amount"}
