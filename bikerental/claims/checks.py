"""The checks of this app for `manage.py reconcile`."""

from django.db.models import Exists, OuterRef

from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.models import Posting
from bikerental.claims.constants import ClaimStatus
from bikerental.claims.models import Claim
from bikerental.core.db.keyset import rows_in_parts
from bikerental.rentals.reconciliation import Parts, Window


def decisions_without_entry(window: Window) -> Parts:
    """Accepted claims without an adjustment of the ride, or with one of another amount."""
    taken_off = Posting.objects.filter(
        entry__claim_id=OuterRef("pk"),
        entry__rental_id=OuterRef("rental_id"),
        entry__kind=EntryKind.ADJUSTMENT,
        account__kind=AccountKind.RIDER,
        amount=-OuterRef("adjusted_amount"),
    )
    accepted = Claim.objects.filter(status=ClaimStatus.ACCEPTED).order_by()
    if window.since is not None:
        accepted = accepted.filter(decided_at__gte=window.since)
    return rows_in_parts(accepted.filter(~Exists(taken_off)).values_list("pk"), along=accepted)


CHECKS = {"decisions_without_entry": decisions_without_entry}
MEANINGS = {"decisions_without_entry": "accepted claims that took nothing off, or another amount"}
