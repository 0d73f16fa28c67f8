"""Limits of the rentals app."""

from datetime import timedelta

FORGET_BATCH = 1000
OVERDUE_REMINDED_AFTER = timedelta(days=1)
RECONCILED_BACK = timedelta(days=1)
# Who rode a bike within this time knows what is broken on it.
REPORTS_COUNT_FOR = timedelta(hours=24)
SWEEP_BATCH = 500
# The fast path gets this long before the sweep takes a returned rental over.
SWEEP_GRACE = timedelta(seconds=5)
