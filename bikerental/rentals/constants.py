"""Limits of the rentals app."""

from datetime import timedelta

# Rides settled within this time get their charge if they have none.
CHARGE_BACK = timedelta(days=1)
FORGET_BATCH = 1000
OVERDUE_REMINDED_AFTER = timedelta(days=1)
QUOTE_MINUTES_MAX = 7 * 24 * 60
RECONCILED_BACK = timedelta(days=1)
# Who rode a bike within this time knows what is broken on it.
REPORTS_COUNT_FOR = timedelta(hours=24)
# Rides that are settled together cost a fraction of the processor time that they cost one by one, and
# nobody waits: the answer to the return already shows the cost.
SETTLE_GATHER_SECONDS = 0.5
SWEEP_BATCH = 500
# The fast path gets this long before the sweep takes a returned rental over.
SWEEP_GRACE = timedelta(seconds=5)
# Holds that were not used count so long.
UNUSED_COUNT_FOR = timedelta(hours=24)
EXPIRE_BATCH = 100
