"""Limits of the rentals app."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

# The periodic task looks this far back for settled rides that have no charge.
UNCHARGED_LOOK_BACK = timedelta(days=1)
FORGET_BATCH = 1000
OVERDUE_REMINDED_AFTER = timedelta(days=1)
QUOTE_MINUTES_MAX = 7 * 24 * 60
RECONCILE_LOOK_BACK = timedelta(days=1)  # the periodic reconciliation checks this much
# A report counts if its rider rode the bike within this time.
REPORTS_COUNT_FOR = timedelta(hours=24)
# Rides that are settled together take a fraction of the processor time. Nobody waits for it: the answer to the return
# already shows the cost.
SETTLE_GATHER_SECONDS = 0.5
SWEEP_BATCH = 500
# The fast path has this long before the sweep settles a returned rental.
SWEEP_GRACE = timedelta(seconds=5)
# An unused reservation counts for this time.
UNUSED_COUNT_FOR = timedelta(hours=24)
EXPIRE_BATCH = 100
CANCELLED = "cancelled"  # the status that is shown for a settled ride that its rider cancelled
# A cancelled ride counts for this time.
CANCELS_COUNT_FOR = timedelta(hours=24)
CANCEL_TEXT_MAX = 400  # with the reason it fits into RentalEvent.reason


class CancelReason(models.TextChoices):
    WRONG_BIKE = "wrong_bike", _("wrong bike")
    NOT_UNLOCKED = "not_unlocked", _("it did not unlock")
    BROKEN = "broken", _("broken")
    OTHER = "other", _("other")
